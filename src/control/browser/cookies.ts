import type { CookieSerializeOptions } from "@fastify/cookie";
import type { FastifyReply, FastifyRequest } from "fastify";

/** One of our cookies. */
export interface BrowserCookie {
  read(request: FastifyRequest): string | undefined;
  write(reply: FastifyReply, value: string, lifeMs: number): void;
  clear(reply: FastifyReply): void;
}

/**
 * Over TLS the name says `__Host-`, so that no neighbour domain can plant one (RFC 6265bis section 4.1.3.2); on loopback
 * browsers would refuse that. Lax: the answer of the identity provider is a navigation from elsewhere and has to bring it.
 */
export function browserCookie(name: string, isSecure: boolean): BrowserCookie {
  const fullName = isSecure ? `__Host-${name}` : name;
  const options: CookieSerializeOptions = { path: "/", httpOnly: true, sameSite: "lax", secure: isSecure };
  return {
    read: (request) => request.cookies[fullName],
    write: (reply, value, lifeMs) => {
      reply.setCookie(fullName, value, { ...options, maxAge: Math.floor(lifeMs / 1000) });
    },
    clear: (reply) => {
      reply.clearCookie(fullName, options);
    },
  };
}
