// Versions of datasets, deleted datasets and previews of uploads over REST. Runs at the edge.
import * as z from "zod";
import { AppError } from "../../core/errors.ts";
import { datasetNameSchema } from "../../core/names.ts";
import { datasetLimits } from "../../limits.ts";
import { uploadBody } from "../../platform/uploads.ts";
import { defineRoute, restList, section, toolRoutes } from "../../route.ts";
import { previewQuerySchema, previewSchema, previewUpload } from "./preview.ts";
import { shownVersionSchema } from "./schema.ts";
import { uploadBrokenOff } from "./upload.ts";
import { datasetVersionTools } from "./version-tools.ts";

export const datasetVersionRoutes = section("Datasets", [
  ...toolRoutes(datasetVersionTools, {
    dataset_history: { method: "GET", path: "/datasets/:dataset/versions" },
    compare_dataset_versions: { method: "GET", path: "/datasets/:dataset/compare" },
    restore_dataset: {
      method: "POST",
      path: "/datasets/:dataset/restore",
      example: { request: { version: 3 } },
    },
    list_deleted_datasets: { method: "GET", path: "/deleted-datasets", ...restList },
  }),
  defineRoute({
    operation: "get_dataset_version",
    method: "GET",
    path: "/datasets/:dataset/versions/:version",
    summary: "Read a version of a dataset",
    description:
      "One version, current or kept, with its fields and first records. GET …/content?version=N has its content.",
    permission: "data:read",
    params: z.object({ dataset: datasetNameSchema, version: z.int().min(1) }),
    answer: shownVersionSchema,
    handler: async (call, { params }) => {
      const { r2_key: _key, ...shown } = await call.stub.datasets().version(params.dataset, params.version, call.actor);
      return shown;
    },
  }),
  defineRoute({
    operation: "preview_upload",
    method: "POST",
    path: "/datasets/preview",
    summary: "Preview an upload",
    description: `Says what an upload of a file would make: format, fields, first records, and what is wrong with it. Send the file's first ${datasetLimits.previewBytes} bytes, cut anywhere; nothing is kept.`,
    permission: "data:write",
    writes: false,
    query: previewQuerySchema,
    body: {
      types: ["application/octet-stream", "application/json", "application/x-ndjson", "text/csv"],
      description: "The beginning of the file, or all of it.",
    },
    answer: previewSchema,
    unstored: true,
    handler: async (call, { query, request }) => previewUpload(await headOf(request), query, call.catalogue),
  }),
]);

async function headOf(request: Request): Promise<Uint8Array> {
  const limit = datasetLimits.previewBytes;
  const tooLarge = (): AppError =>
    new AppError("too_large", `A preview takes ${limit} bytes (limit previewBytes); this body has more.`, {
      hint: "Send the beginning of the file, cut anywhere, and say its size with ?bytes=.",
      details: { limit: "previewBytes", value: limit },
    });
  const rules = { sentBytes: limit, unpackedBytes: limit, tooLarge, unpackedTooLarge: tooLarge };
  const pieces: Uint8Array[] = [];
  for await (const piece of uploadBody(request, { ...rules, brokenOff: uploadBrokenOff })) pieces.push(piece);
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
