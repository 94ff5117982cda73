// Entity tags as request headers list them (RFC 9110, 8.8.3 and 13.1). Runs everywhere.

/** The tags of an If-Match or If-None-Match header, weak ones as strong: all of ours are digests of content. `*` stands for itself. */
export function readEtags(header: string): string[] {
  return header.split(",").map((entry) => entry.trim().replace(/^W\//, ""));
}

/** True when the header names this tag, or `*`. */
export function namesEtag(header: string | null | undefined, etag: string): boolean {
  if (header === null || header === undefined) return false;
  const etags = readEtags(header);
  return etags.includes("*") || etags.includes(etag);
}

/** The weak form of a tag: of bytes that say the same in another encoding. */
export function weakEtag(etag: string): string {
  return etag.startsWith("W/") ? etag : `W/${etag}`;
}
