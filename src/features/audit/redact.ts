// What never reaches the audit log: values that stand behind a secret's name, and secrets that show by their form. Runs everywhere.

const redacted = "[redacted]";

/** Words that name a secret when a key ends in one; what follows them in a key (`token_count`, `token_id`) is about it, not it. */
const secretWords: ReadonlySet<string> = new Set([
  "secret",
  "secrets",
  "token",
  "tokens",
  "password",
  "passwords",
  "passwd",
  "pwd",
  "passphrase",
  "authorization",
  "cookie",
  "cookies",
  "apikey",
  "credentials",
  "jwt",
]);
const secretKeys: ReadonlySet<string> = new Set(["api", "private", "secret", "access", "signing", "encryption"]);
/** Endings that still mean the secret itself. A digest of one is kept out too: it is what the server compares with. */
const sameThing: ReadonlySet<string> = new Set(["hash", "digest", "value", "text", "plain", "string", "raw", "header"]);

// This product's tokens, a bearer header, and the password in a URL are recognized wherever they stand.
const tokens = /\bsd[ps]_[A-Za-z0-9_-]{20,}/g;
const bearer = /\b(bearer|basic)\s+[A-Za-z0-9._~+/-]{16,}=*/gi;
const urlPassword = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*:)[^\s/?#@]+@/gi;

/** True for a key whose value is a secret: `password`, `clientSecret`, `x-api-key`, `Set-Cookie`, `token_hash`, `hash`; not `etag`, `token_count`. */
export function namesSecret(key: string): boolean {
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  if (words.length === 1 && words[0] === "hash") return true;
  while (words.length > 1 && sameThing.has(words.at(-1) ?? "")) words.pop();
  const last = words.at(-1) ?? "";
  return secretWords.has(last) || ((last === "key" || last === "keys") && secretKeys.has(words.at(-2) ?? ""));
}

/** A member as the log may hold it, for `JSON.stringify`: behind a secret's name only true, false, null and what is empty stay. */
export function redactMember(key: string, value: unknown): unknown {
  if (typeof value === "string" && value !== "") return namesSecret(key) ? redacted : redactText(value);
  const isPlain = value === null || value === undefined || typeof value === "boolean" || value === "";
  if (isPlain || !namesSecret(key)) return value;
  // A count of tokens is a number behind a plural.
  if (typeof value === "number" && /s$/i.test(key)) return value;
  return redacted;
}

function redactText(text: string): string {
  return text
    .replaceAll(tokens, redacted)
    .replaceAll(bearer, `$1 ${redacted}`)
    .replaceAll(urlPassword, `$1${redacted}@`);
}
