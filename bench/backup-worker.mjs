// Our Worker for bench/backup.mjs: R2 is played by a directory, and a team can be filled at once. Runs under bare workerd.
import worker, { AddressObject, DeploymentObject, PersonObject, TeamObject } from "./worker.js";

export { AddressObject, DeploymentObject, PersonObject };

const versionsEach = 10;

/** A team whose tables can be filled without a call for each row. */
export class BenchTeam extends TeamObject {
  fill(tools, logRows) {
    const { storage } = this.ctx;
    storage.transactionSync(() => {
      const { sql } = storage;
      const query =
        '.[] | select(.amount > $min and .region == $region) | {id, amount, region, note: (.note // "none")}';
      const parameters = JSON.stringify([
        { name: "min", type: "number", description: "The least amount that is shown.", required: true },
        { name: "region", type: "string", description: "One of the regions of the sales team.", default: "north" },
      ]);
      for (let i = 0; i < tools; i++) {
        const description = `Orders of a region over an amount, as the sales team asks for them, number ${i}.`;
        sql.exec(
          `INSERT INTO tools (id, name, description, query_template, parameters_json, datasets_json, dataset_mode, input, null_input, source,
           approval_status, is_active, weight, pinned, version, created_by, created_at, updated_by, updated_at, revision)
           VALUES (?, ?, ?, ?, ?, '["orders"]', 'one', 'records', 0, 'manual', 'approved', 1, 0.5, 0, ?, 'ada', 0, 'ada', 0, ?)`,
          ...[`tool_${i}`, `tool_${i}`, description, query, parameters, versionsEach, i + 1],
        );
        for (let version = 1; version <= versionsEach; version++) {
          const snapshot = JSON.stringify({ description, query, parameters: JSON.parse(parameters), version });
          sql.exec(
            "INSERT INTO tool_versions (tool_id, version, action, snapshot_json, reason, author, created_at) VALUES (?, ?, 'update', ?, 'as asked', 'ada', 0)",
            ...[`tool_${i}`, version, snapshot],
          );
        }
      }
      for (let i = 0; i < logRows; i++) {
        sql.exec(
          `INSERT INTO tool_execution_log (id, tool_id, tool_name, tool_version, user_id, username, client, parameters_json, dataset, dataset_version,
           executed_at, execution_time_ms, steps, success, cached, error_code, result_size_bytes)
           VALUES (?, ?, ?, 10, 'usr_1', 'ada', 'some-client 1.2', ?, 'orders', 3, ?, ?, ?, 1, 0, NULL, ?)`,
          ...[
            `exe_${i}`,
            `tool_${i % tools}`,
            `tool_${i % tools}`,
            `{"min":${i % 977},"region":"north"}`,
            Date.now(),
            i % 90,
            i * 13,
            i % 5000,
          ],
        );
      }
      sql.exec("UPDATE team SET revision = ?", tools);
    });
    return storage.sql.databaseSize;
  }
}

/** Names of files have no slashes. */
const at = (key) => `http://disk/${key.replaceAll("/", "__")}`;

/** As much of an R2 bucket as backups use, over a directory that workerd serves. */
function bucketOf(disk) {
  const put = async (key, body) => {
    const answer = await disk.fetch(at(key), { method: "PUT", body });
    if (!answer.ok) throw new Error(`put ${key}: ${answer.status}`);
  };
  const get = async (key) => {
    const answer = await disk.fetch(at(key));
    if (answer.status === 404) return null;
    return { body: answer.body, text: () => answer.text() };
  };
  const createMultipartUpload = async (key) => ({
    uploadId: crypto.randomUUID(),
    uploadPart: async (partNumber, bytes) => {
      await put(`${key}.${partNumber}`, bytes);
      return { partNumber };
    },
    complete: async (parts) => {
      const { readable, writable } = new IdentityTransformStream();
      const written = put(key, readable);
      for (const { partNumber } of parts) {
        await (await get(`${key}.${partNumber}`)).body.pipeTo(writable, { preventClose: true });
      }
      await writable.close();
      await written;
    },
  });
  return { put, get, createMultipartUpload, delete: async () => undefined };
}

// biome-ignore lint/style/noDefaultExport: what a Worker is.
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/bench/fill") {
      const { tools, logRows } = await request.json();
      return Response.json({ bytes: await env.TEAM.get(env.TEAM.idFromName("bench")).fill(tools, logRows) });
    }
    return worker.fetch(request, { ...env, FILES: bucketOf(env.DISK) }, ctx);
  },
};
