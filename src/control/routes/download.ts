import type { FastifyReply } from "fastify";

export interface Download {
  /** Of its content, with the character set of text. */
  readonly type: string;
  /** What a browser calls the file. */
  readonly name: string;
  readonly content: string | Buffer;
}

/** A file rather than a page: a browser that is led to it saves it, and neither guesses what it is nor lets it act. */
export function sendDownload(reply: FastifyReply, { type, name, content }: Download): FastifyReply {
  return reply
    .type(type)
    .header("content-disposition", `attachment; filename="${name.replace(/[^\w.-]/g, "_")}"`)
    .header("content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
    .send(content);
}
