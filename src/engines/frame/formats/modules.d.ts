// Modules of packages that have no types of their own: parts taken alone, since the packages' entries bring more than is needed.
declare module "hyparquet-compressors/src/gzip.js" {
  export function gunzip(input: Uint8Array, output?: Uint8Array): Uint8Array;
}

declare module "@uwdata/flechette/src/encode/builder.js" {
  export class Builder {
    constructor(sink: { write: (bytes: Uint8Array) => void });
  }
}

declare module "@uwdata/flechette/src/encode/footer.js" {
  import type { Schema } from "@uwdata/flechette";
  import type { Builder } from "@uwdata/flechette/src/encode/builder.js";

  export function writeFooter(
    builder: Builder,
    schema: Schema,
    dictBlocks: readonly never[],
    recordBlocks: readonly { offset: number; metadataLength: number; bodyLength: number }[],
    metadata: Map<string, string> | null,
  ): void;
}
