/**
 * The chunk codec: the samples of one series over one bucket, as one compact, self-describing blob with its summary
 * inside. It knows bytes and numbers, nothing of series or databases. Byte layout: docs/decisions/050-chunk-format.md.
 */
export { ChunkError } from "./codec/bytes.ts";
export { chunkCount, chunkSummary, decodeChunk } from "./codec/decode.ts";
export { ChunkEncoder, encodeChunk } from "./codec/encode.ts";
export { MAX_CHUNK_SAMPLES } from "./codec/layout.ts";
export { type Summary, summarise } from "./codec/summary.ts";
