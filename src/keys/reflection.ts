/**
 * `@peculiar/x509` registers its algorithms through a container that asks `Reflect` for the metadata TypeScript's
 * decorators may leave, and refuses to load without these functions. None of its classes carries any, so the honest
 * answer is always "none"; the real polyfill would be a runtime dependency for nothing.
 * Imported for its effect, before `@peculiar/x509`.
 */
for (const name of ["getMetadata", "getOwnMetadata"]) {
  if (!(name in Reflect)) Object.defineProperty(Reflect, name, { value: () => undefined });
}
if (!("defineMetadata" in Reflect)) {
  Object.defineProperty(Reflect, "defineMetadata", { value: () => undefined });
}
