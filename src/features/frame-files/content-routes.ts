// The content of datasets, tables and frames over REST, in every format that files are written in. Runs at the edge.
import * as z from "zod";
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { namesEtag } from "../../core/etags.ts";
import { sha256Hex } from "../../core/ids.ts";
import type { CsvOutput } from "../../engines/frame/formats/text-out.ts";
import { serveDownload } from "../../platform/downloads.ts";
import { type ApiRoute, defineRoute, section } from "../../route.ts";
import { contentOf, findDataset } from "../datasets/datasets.ts";
import type { Dataset } from "../datasets/schema.ts";
import { readerOf } from "../workspace/workspace.ts";
import { openDatasetTable } from "./frame-files.ts";
import { formatQuerySchema, mediaTypes, type OutputFormat, outputFormats } from "./schema.ts";
import { byteStream, chunkRows, type FilePieces, filePieces, rowPieces } from "./writing.ts";

const reading = { method: "GET", permission: "data:read" } as const;

/** A file that is written while it is sent. */
interface Written {
  name: string;
  /** Tells this content from all others. */
  state: string;
  format: OutputFormat;
  csv: CsvOutput;
  pieces: () => Promise<FilePieces>;
}

/** Answers with a file of any format, for who has it already with 304. */
export async function serveWritten(request: Request, { name, state, format, csv, pieces }: Written): Promise<Response> {
  const etag = `"${await sha256Hex(JSON.stringify([state, format, csv]))}"`;
  const headers = new Headers({
    etag,
    "content-type": mediaTypes[format],
    "content-disposition": `attachment; filename="${name}.${format}"`,
    "cache-control": "private, no-cache",
    // Where a part of it would begin, nobody knows.
    "accept-ranges": "none",
  });
  if (namesEtag(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  if (request.method === "HEAD") return new Response(null, { headers });
  return new Response(byteStream(await pieces()), { headers });
}

const written = "Written while it is sent: it has no parts to ask for.";
const files = { types: Object.values(mediaTypes), description: "The file." };

/** `findVersion`: the version of a dataset that is asked for, current or kept. */
export const contentRoutes = (
  findVersion: (call: CallContext, name: string, version: number) => Promise<Parameters<typeof contentOf>[1]>,
): readonly ApiRoute[] => [
  ...section("Datasets", [
    defineRoute({
      ...reading,
      operation: "download_dataset",
      path: "/datasets/:dataset/content",
      what: "read datasets",
      summary: "Download a dataset",
      description: `The bytes as they are kept: records as NDJSON, one document as JSON; a part of them for Range. With format the rows of the current version as a table. ${written}`,
      params: z.object({ dataset: z.string() }),
      query: formatQuerySchema.extend({
        format: formatQuerySchema.shape.format.optional(),
        version: z.int().min(1).optional().describe("A version that is kept; left out, the current one."),
      }),
      answer: {
        types: [
          "application/x-ndjson",
          ...outputFormats.filter((one) => one !== "ndjson").map((one) => mediaTypes[one]),
        ],
        description: "The content.",
      },
      headers: [
        { name: "Range", description: "One range of bytes, e.g. `bytes=1000-`: answered with 206." },
        { name: "If-Range", description: "The etag the range is of; another version is sent whole." },
        { name: "Repr-Digest", of: "answer", description: "`sha-256=:<base64>:` of all of the content (RFC 9530)." },
        { name: "Content-Range", of: "answer", description: "Of a part." },
        { name: "Accept-Ranges", of: "answer", description: "`bytes`; of a format, `none`." },
      ],
      errors: ["range_not_satisfiable", "file_malformed"],
      handler: async (call, { params, query: { format, version, ...csv }, request }) => {
        if (version !== undefined) {
          if (format !== undefined) throw currentAlone();
          return serveDownload(request, contentOf(call.files, await findVersion(call, params.dataset, version)));
        }
        const dataset = findDataset(call.catalogue, params.dataset);
        return format === undefined
          ? serveDownload(request, contentOf(call.files, dataset))
          : serveWritten(request, { ...datasetFile(call, dataset, format, csv), format, csv });
      },
    }),
  ]),
  ...section("Tables", [
    defineRoute({
      ...reading,
      operation: "download_table",
      path: "/tables/:table_name/content",
      what: "read tables",
      summary: "Download a table",
      description: `All rows as a file. A table that is written to meanwhile ends the download. ${written}`,
      params: z.object({ table_name: z.string() }),
      query: formatQuerySchema,
      answer: files,
      handler: async (call, { params, query: { format, ...csv }, request }) => {
        const tables = call.workspace.tables();
        const { name, id, version, columns } = await tables.shape(params.table_name, readerOf(call));
        const pieces = async () => {
          const stream = await tables.rows(name, readerOf(call));
          return rowPieces(columns, chunkRows(columns, stream), format, csv);
        };
        return serveWritten(request, { name, state: `table ${id} ${version}`, format, csv, pieces });
      },
    }),
  ]),
  ...section("Frames", [
    defineRoute({
      ...reading,
      operation: "download_frame",
      path: "/frames/:data_ref/content",
      what: "read frames",
      summary: "Download a frame",
      description: `All rows as a file. GET /frames/<data_ref>.parquet is the same with format=parquet, for readers that go by the name. ${written}`,
      params: z.object({ data_ref: z.string() }),
      query: formatQuerySchema,
      answer: files,
      handler: (call, { params, query: { format, ...csv }, request }) =>
        serveFrame(call, request, params.data_ref, format, csv),
    }),
  ]),
];

/** A frame as a file. Throws `not_found`. */
export async function serveFrame(
  call: CallContext,
  request: Request,
  nameOrRef: string,
  format: OutputFormat,
  csv: CsvOutput,
): Promise<Response> {
  const frame = await call.workspace.frames().find(nameOrRef, readerOf(call));
  const pieces = () => filePieces(call, frame, format, csv);
  // A frame never changes, so that its id says what is in it.
  return serveWritten(request, { name: frame.name ?? frame.id, state: `frame ${frame.id}`, format, csv, pieces });
}

function datasetFile(call: CallContext, dataset: Dataset, format: OutputFormat, csv: CsvOutput) {
  const pieces = async () => {
    const table = await openDatasetTable(call, dataset);
    return rowPieces(table.columns, table.rows(0, table.total), format, csv);
  };
  return { name: dataset.name, state: `dataset ${dataset.etag} ${dataset.format}`, pieces };
}

function currentAlone(): AppError {
  return new AppError(
    "invalid_argument",
    "format is of the current version alone, version of the bytes as they are kept.",
    {
      hint: "Leave one of them out; restore_dataset makes an older version current.",
    },
  );
}
