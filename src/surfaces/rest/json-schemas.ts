// Zod schemas as the JSON Schema of an OpenAPI document: what has a name is said once, under components. Runs at the edge.
import * as z from "zod";
import { isRecord } from "../../core/exact-json.ts";
import { connectionSchema } from "../../features/access/connections.ts";
import { tokenSchema } from "../../features/access/schema.ts";
import { proposalSchema, proposalSummarySchema, proposalTestSchema } from "../../features/approvals/schema.ts";
import { auditEntrySchema } from "../../features/audit/schema.ts";
import { backupSchema } from "../../features/backups/schema.ts";
import { datasetSchema } from "../../features/datasets/schema.ts";
import { columnSchema, frameSchema } from "../../features/frames/schema.ts";
import { versionSchema } from "../../features/history/schema.ts";
import { jqFunctionSchema } from "../../features/jq-functions/schema.ts";
import { jqToolSchema } from "../../features/jq-tools/schema.ts";
import { suggestionSchema } from "../../features/learning/schema.ts";
import { executionSchema } from "../../features/metrics/schema.ts";
import { deliverySchema, notificationSchema, webhookSchema } from "../../features/notifications/schema.ts";
import { invitationSchema, memberSchema } from "../../features/people/schema.ts";
import { rowsSchema } from "../../features/results/schema.ts";
import { describedTableSchema, shownTableSchema, tableColumnSchema } from "../../features/tables/schema.ts";
import { teamSchema } from "../../features/teams/schema.ts";

export type Json = Record<string, unknown>;

/** The things that answers are about. */
const named: Readonly<Record<string, z.ZodType>> = {
  AuditEntry: auditEntrySchema,
  Backup: backupSchema,
  Connection: connectionSchema,
  Dataset: datasetSchema,
  Delivery: deliverySchema,
  Execution: executionSchema,
  Frame: frameSchema,
  FrameColumn: columnSchema,
  Function: jqFunctionSchema,
  Invitation: invitationSchema,
  Member: memberSchema,
  Notification: notificationSchema,
  Proposal: proposalSchema,
  ProposalSummary: proposalSummarySchema,
  ProposalTest: proposalTestSchema,
  Rows: rowsSchema,
  Suggestion: suggestionSchema,
  Table: shownTableSchema,
  TableColumn: tableColumnSchema,
  DescribedTable: describedTableSchema,
  Team: teamSchema,
  Token: tokenSchema,
  Tool: jqToolSchema,
  Version: versionSchema,
  Webhook: webhookSchema,
};

/** Zod's own registry, which holds descriptions, and the names above. */
class Names extends z.core.$ZodRegistry<Json> {
  readonly #ids = new Map<z.core.$ZodType, string>(Object.entries(named).map(([id, schema]) => [schema, id]));

  override get(schema: z.core.$ZodType): Json | undefined {
    const id = this.#ids.get(schema);
    const known = z.globalRegistry.get(schema);
    return id === undefined ? known : { ...known, id };
  }

  override has(schema: z.core.$ZodType): boolean {
    return this.#ids.has(schema) || z.globalRegistry.has(schema);
  }
}

/** Collects what has a name while schemas are written. */
export class SchemaWriter {
  readonly #names = new Names();
  readonly components: Json = {};

  /** The JSON Schema of what goes over the wire; `place` names what only this schema refers to. */
  write(schema: z.ZodType, place: string): Json {
    const {
      $schema: _dialect,
      $defs = {},
      ...own
    } = z.toJSONSchema(schema, {
      io: "input",
      unrepresentable: "any",
      metadata: this.#names,
    }) as Json;
    const idOf = (name: string): string => (Object.hasOwn(named, name) ? name : `${place}_${name.replace(/^_+/, "")}`);
    for (const [name, definition] of Object.entries(isRecord($defs) ? $defs : {})) {
      this.components[idOf(name)] ??= withoutIds(moved(definition, idOf));
    }
    return withoutIds(moved(own, idOf));
  }
}

function withoutIds(schema: unknown): Json {
  const { id: _id, ...rest } = isRecord(schema) ? schema : {};
  return rest;
}

/** References to the document's own components in place of the schema's definitions. */
function moved(schema: unknown, idOf: (name: string) => string): unknown {
  if (Array.isArray(schema)) return schema.map((one) => moved(one, idOf));
  if (!isRecord(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) =>
      key === "$ref" && typeof value === "string"
        ? [key, `#/components/schemas/${idOf(value.replace("#/$defs/", ""))}`]
        : [key, moved(value, idOf)],
    ),
  );
}
