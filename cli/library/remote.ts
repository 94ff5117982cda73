// The team's library as the server exports it. Runs under Node.
import { type Api, segment } from "../core/http.ts";
import type { JsonRecord } from "../core/json.ts";
import type { ImportPlan, ImportReport, NamedEntry } from "../core/wire.ts";

export interface RemoteEntry extends NamedEntry {
  version: number;
  value: JsonRecord;
}

interface Bundle {
  functions: (JsonRecord & { name: string; version?: number })[];
  tools: (JsonRecord & { name: string; version?: number })[];
}

/** Everything that is in use and shown to the caller, functions first. */
export async function readRemote(api: Api): Promise<RemoteEntry[]> {
  const bundle = await api.json<Bundle>("/library/library.json");
  return [
    ...bundle.functions.map((value) => ({
      kind: "function" as const,
      name: value.name,
      version: value.version ?? 0,
      value,
    })),
    ...bundle.tools.map((value) => ({ kind: "tool" as const, name: value.name, version: value.version ?? 0, value })),
  ];
}

export interface ImportRequest {
  content: string;
  strategy: string;
  names?: string | undefined;
  /** How the file is called in the team's history. */
  path?: string;
}

const headers = { "content-type": "application/yaml" };

export const planImport = (api: Api, { content, strategy, names }: ImportRequest): Promise<ImportPlan> =>
  api.json<ImportPlan>("/library/plan", {
    method: "POST",
    query: { strategy, names },
    headers,
    body: content,
    keyed: false,
  });

/** Imports exactly what was planned. Throws `conflict` when the team has changed since. */
export const applyImport = (
  api: Api,
  { content, strategy, names, path }: ImportRequest,
  plan: string,
): Promise<ImportReport> =>
  api.json<ImportReport>("/library/import", {
    method: "POST",
    query: { strategy, names, path, expected_plan: plan },
    headers,
    body: content,
  });

/** Takes an entry out of use; its history stays and it can be restored. */
export const deactivate = (api: Api, { kind, name }: NamedEntry): Promise<unknown> =>
  api.json(`/library/${kind}s/${segment(name)}`, { method: "DELETE" });
