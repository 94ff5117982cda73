// Answers of the server as the command line reads them: the fields it uses, no more. Types only.

export interface WhoAmI {
  team: string;
  team_name: string;
  username: string;
  role: string;
  scopes: string[];
  credential: { kind: string; label: string; expires_at: string | null };
  through: string | null;
  permissions: Record<string, boolean>;
}

export interface Page {
  returned: number;
  total: number;
  truncated: boolean;
  next_cursor?: string;
}

export interface Dataset {
  name: string;
  description: string;
  kind: "records" | "whole";
  format: string;
  version: number;
  etag: string;
  bytes: number;
  record_count: number;
  updated_by: string;
  updated_at: string;
  notes?: string[];
}

export interface Rows extends Page {
  rows: unknown[];
  dataset?: string;
  data_ref?: string;
  notes?: string[];
}

export interface LibraryFunction {
  name: string;
  description: string;
  version: number;
  updated_by: string;
  updated_at: string;
}

export interface LibraryTool extends LibraryFunction {
  datasets: string[];
  parameters: { name: string; type: string }[];
}

export interface PlannedEntry {
  kind: "function" | "tool";
  name: string;
  action: string;
  as?: string;
  why?: string;
  version_here?: number;
  calls: string[];
  diff?: string;
  line: number;
  error?: { code: string; message: string; hint?: string; column?: number };
}

export interface ImportPlan {
  plan: string;
  strategy: string;
  origin: { state: string; signer?: string; fingerprint?: string; made_by?: { team: string; exported_by: string } };
  may_import: boolean;
  refusal?: { message: string; hint?: string };
  counts: Record<string, number>;
  entries: PlannedEntry[];
  warnings: { kind: string; name: string; message: string }[];
}

export interface NamedEntry {
  kind: "function" | "tool";
  name: string;
}

export interface ImportReport {
  created: NamedEntry[];
  updated: NamedEntry[];
  unchanged: NamedEntry[];
  renamed: (NamedEntry & { as: string })[];
  skipped: (NamedEntry & { why: string })[];
  failed: (NamedEntry & { line: number; column?: number; code: string; message: string; hint?: string })[];
  warnings: (NamedEntry & { message: string })[];
}

export interface Backup {
  id: string;
  reason: string;
  state: string;
  created_by: string;
  created_at: string;
  rows: number;
  bytes: number;
  stored_bytes: number;
  files: number;
  file_bytes: number;
  encrypted: boolean;
  error: string | null;
}

export interface RestoreOutcome {
  outcome: "previewed" | "restored";
  backup_id: string;
  changes: {
    kind: string;
    created: number;
    changed: number;
    removed: number;
    names: { created: string[]; changed: string[]; removed: string[] };
  }[];
  preview?: { team: string; url: string; expires_at: string };
  confirm?: string;
  safety_backup?: string;
}

export interface Token {
  id: string;
  username: string;
  label: string;
  prefix: string;
  role: string;
  scopes: string[] | null;
  expires_at: string | null;
  last_used_at: string | null;
}
