// People, their ways to sign in and their sessions, as they travel between the edge and a person's object.

/** An account at an identity provider. */
export interface Identity {
  issuer: string;
  subject: string;
  /** The configured provider's id. */
  provider: string;
  email: string | null;
  emailVerified: boolean;
}

/** A passkey as it is checked: its public key (COSE, base64url) and how often it was used, if it counts. */
export interface Passkey {
  id: string;
  publicKey: string;
  counter: number;
  transports: string[];
}

/** What a person's object is told of a browser that signs in. Times are Unix milliseconds. */
export interface NewSession {
  /** SHA-256 of the cookie's secret, hex. */
  hash: string;
  /** A provider's id, `passkey` or `link`. */
  provider: string;
  userAgent: string | null;
  address: string | null;
}

/** What a session says of whoever carries it. */
export interface FoundSession {
  sessionId: string;
  provider: string;
  displayName: string;
  expiresAt: number;
  /** Addresses that an identity provider has verified, and which provider that was. */
  emails: { email: string; provider: string }[];
}

export interface SessionSummary {
  id: string;
  provider: string;
  userAgent: string | null;
  address: string | null;
  createdAt: number;
  lastSeenAt: number;
  expiresAt: number;
}

export interface PasskeySummary {
  id: string;
  label: string;
  createdAt: number;
  lastUsedAt: number | null;
}

export interface IdentitySummary extends Identity {
  createdAt: number;
  lastUsedAt: number;
}

/** Everything that a person's own page shows. */
export interface Account {
  personId: string;
  displayName: string;
  createdAt: number;
  sessions: SessionSummary[];
  passkeys: PasskeySummary[];
  identities: IdentitySummary[];
  teams: string[];
}
