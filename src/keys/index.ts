/**
 * What we sign and seal with: the interception CA, log keys, token keys, key wrapping.
 * Private keys never leave this folder, and live on disk in files only their owner can read.
 */
export { type CertificateAuthority, openCertificateAuthority } from "./certificate-authority.ts";
export { type FileKeyProvider, openFileKeyProvider, readFileKeyProvider } from "./file-key-provider.ts";
export { type KmsKeyProvider, kmsKeyProvider } from "./kms-key-provider.ts";
export { type LogKey, openCosignerKey, openLogKey } from "./log-key.ts";
export { openPlaceholderKey, type PlaceholderKey } from "./placeholder-key.ts";
export { openSealingKey, type SealingKey } from "./sealing-key.ts";
export {
  type CertificateFiles,
  openServedCertificate,
  type ReloadableCertificate,
} from "./served-certificate.ts";
export { openTokenKey, type TokenKey } from "./token-key.ts";
export { createTrialCertificate } from "./trial-certificate.ts";
