import { z } from "zod";

// HAR 1.2 as its specification has it: these members and no others, but for those that begin with an underscore.

/** An object of exactly these members, custom ones aside. */
function har<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.looseObject(shape).superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      if (!(name in shape) && !name.startsWith("_")) context.addIssue(`${name} is no member of HAR 1.2`);
    }
  });
}

const comment = z.string().optional();
const pairs = z.array(har({ name: z.string(), value: z.string(), comment }));
const size = z.int().min(-1);
const phase = z.number().min(0);
const optionalPhase = z.number().min(-1).optional();
const time = z.iso.datetime({ offset: true });

const cookie = har({
  name: z.string(),
  value: z.string(),
  path: z.string().optional(),
  domain: z.string().optional(),
  expires: time.optional(),
  httpOnly: z.boolean().optional(),
  secure: z.boolean().optional(),
  comment,
});

const postData = har({
  mimeType: z.string(),
  params: z.array(z.unknown()).optional(),
  text: z.string(),
  comment,
});

const request = har({
  method: z.string().min(1),
  url: z.url(),
  httpVersion: z.string(),
  cookies: z.array(cookie),
  headers: pairs,
  queryString: pairs,
  postData: postData.optional(),
  headersSize: size,
  bodySize: size,
  comment,
});

const response = har({
  status: z.int().min(0),
  statusText: z.string(),
  httpVersion: z.string(),
  cookies: z.array(cookie),
  headers: pairs,
  content: har({
    size: z.int().min(0),
    compression: z.int().optional(),
    mimeType: z.string(),
    text: z.string().optional(),
    encoding: z.literal("base64").optional(),
    comment,
  }),
  redirectURL: z.string(),
  headersSize: size,
  bodySize: size,
  comment,
});

const entry = har({
  pageref: z.string().optional(),
  startedDateTime: time,
  time: z.number().min(0),
  request,
  response,
  cache: har({}),
  timings: har({
    blocked: optionalPhase,
    dns: optionalPhase,
    connect: optionalPhase,
    send: phase,
    wait: phase,
    receive: phase,
    ssl: optionalPhase,
    comment,
  }),
  serverIPAddress: z.string().optional(),
  connection: z.string().optional(),
  comment,
});

const application = har({ name: z.string(), version: z.string(), comment });

export const harFile = har({
  log: har({
    version: z.literal("1.2"),
    creator: application,
    browser: application.optional(),
    pages: z.array(z.unknown()).optional(),
    entries: z.array(entry),
    comment,
  }),
});
