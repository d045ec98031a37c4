/**
 * What the operator wants: gatehouse.yaml, policy and masking files. Reads disk and environment, nothing else does.
 * It never guesses at a misspelt key. Trusted with file paths only; secrets stay in the files it names.
 */
export { type Configuration, type ConnectionConfiguration, configurationSchema } from "./configuration.ts";
export type { DatabaseConfiguration } from "./database.ts";
export { readDocuments, type SourceDocument, watchDocuments } from "./documents.ts";
export { configurationJsonSchema } from "./json-schema.ts";
export { loadConfiguration, parseConfiguration } from "./load.ts";
export { printConfiguration } from "./print.ts";
export { absoluteReference, readSecret, type SecretReference, secretReference } from "./secret-reference.ts";
