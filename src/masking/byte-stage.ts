import { Transform } from "node:stream";
import { messageOf } from "#lib/errors";

/** A step over bytes that may keep some back. Throws a GatehouseError when it must not go on. */
export interface ByteStage {
  write(chunk: Buffer): Buffer;
  end(): Buffer;
}

/** Chains stages into one stream. After an error nothing more comes out: what follows was never looked at. */
export function streamOf(stages: readonly ByteStage[]): Transform {
  const through = (chunk: Buffer, from: number): Buffer =>
    stages.slice(from).reduce((bytes, stage) => (bytes.length === 0 ? bytes : stage.write(bytes)), chunk);
  const attempt = (step: () => Buffer, done: (error: Error | null, bytes?: Buffer) => void): void => {
    let bytes: Buffer;
    try {
      bytes = step();
    } catch (error) {
      done(error instanceof Error ? error : new Error(messageOf(error)));
      return;
    }
    if (bytes.length === 0) done(null);
    else done(null, bytes);
  };
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => attempt(() => through(chunk, 0), done),
    flush: (done) =>
      attempt(() => Buffer.concat(stages.map((stage, index) => through(stage.end(), index + 1))), done),
  });
}
