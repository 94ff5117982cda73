// Cookies as this origin alone can set and read them. Runs at the edge.

/** The value of a request's cookie, or undefined. */
export function readCookie(request: Request, name: string): string | undefined {
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const [key, ...rest] = pair.split("=");
    if (key?.trim() === name) return rest.join("=").trim();
  }
  return undefined;
}

/**
 * A `Set-Cookie` value. The `__Host-` prefix makes browsers hold it to this host, the whole path and a secure origin. With `Strict` it stays
 * away from whatever another site leads to, links included.
 */
export function setCookie(
  name: `__Host-${string}`,
  value: string,
  maxAgeMs: number,
  sameSite: "Lax" | "Strict" = "Lax",
): string {
  return `${name}=${value}; Path=/; Max-Age=${Math.floor(maxAgeMs / 1000)}; Secure; HttpOnly; SameSite=${sameSite}`;
}

/** A `Set-Cookie` value that removes the cookie. */
export function clearCookie(name: `__Host-${string}`): string {
  return setCookie(name, "", 0);
}
