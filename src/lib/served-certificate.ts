/** A certificate that a listener shows, and its key; both PEM. Replaced while it runs, new connections get the new one. */
export interface ServedCertificate {
  current(): { readonly cert: string; readonly key: string };
  /** Called after each replacement. Returns how to stop that. */
  onChange(listener: () => void): () => void;
}
