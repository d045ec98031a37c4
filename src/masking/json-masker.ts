import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import type { ByteStage } from "./byte-stage.ts";
import { Collector } from "./collector.ts";
import type { Finding } from "./finding.ts";
import { type Frame, type Hold, isTypeMember, labelOf, openFrame, pathOf } from "./frame.ts";
import { JsonLexer, type JsonSink } from "./json-lexer.ts";
import { firstByte, unmaskable, unquoted } from "./json-text.ts";
import type { MaskingSubject } from "./masker.ts";
import { Output } from "./output.ts";
import { replacePatterns } from "./pattern-search.ts";
import type { MaskingRules } from "./rules.ts";
import { isSettingName, Setting, settingValue } from "./setting.ts";
import { isChecksumOf, normalName } from "./shape.ts";
import { suspicion } from "./suspicion.ts";
import { type Cause, secretNameCause, type Treatment, Treatments } from "./treatment.ts";

/** What happens to a string, number or word while it goes by. */
interface Leaf {
  readonly first: number;
  readonly place: Treatment;
  /**
   * `pass` copies the value; `note` copies it and keeps it to read; `look` keeps it back, up to the window, until it
   * was judged; `swallow` needs no look.
   */
  way: "pass" | "note" | "look" | "swallow";
  cause: Cause | undefined;
  bytes: number;
}

/**
 * Masks one JSON document, or one a line. Every byte it does not mask leaves as it came. Memory is bounded by the
 * window, whatever the document: a value that must be masked is forgotten as it passes, and whatever would have to be
 * kept beyond the window is masked or ends the stream.
 *
 * A masked string, number, true or false becomes a placeholder string. Objects and arrays under a masked member keep
 * their form and all their leaves are masked, so that typed clients still find an object where they expect one; names
 * of members stay. `null` and the empty string stay, as they hold nothing.
 */
export class JsonMasker implements ByteStage, JsonSink {
  readonly #rules: MaskingRules;
  readonly #subject: MaskingSubject;
  readonly #treatments: Treatments;
  readonly #report: (finding: Finding) => void;
  readonly #lexer: JsonLexer;
  readonly #out = new Output();
  readonly #frames: Frame[];
  /** Where bytes go. What is being collected goes to `#collected` as well. */
  #route: "copy" | "gap" | "hold" | "none" = "copy";
  readonly #collected = new Collector();
  /** A comma and the space around it, until it is known whether the member after it stays. */
  readonly #gap = new Collector();
  /** By label: a list masks the same place many times. */
  readonly #placeholders = new Map<string, Buffer>();
  #leaf: Leaf | undefined;
  #hold: Hold | undefined;
  /** Depth within a member that is being dropped; `undefined` outside of one. */
  #dropDepth: number | undefined;

  constructor(
    rules: MaskingRules,
    subject: MaskingSubject,
    options: { isSequence: boolean; report: (finding: Finding) => void },
  ) {
    this.#rules = rules;
    this.#subject = subject;
    this.#treatments = new Treatments(rules, subject);
    this.#report = options.report;
    this.#lexer = new JsonLexer(this, options.isSequence);
    this.#frames = [openFrame(false, this.#treatments.root())];
  }

  write(chunk: Buffer): Buffer {
    this.#lexer.write(chunk);
    return this.#out.drain();
  }

  end(): Buffer {
    this.#lexer.end();
    return this.#out.drain();
  }

  bytes(chunk: Buffer, from: number, to: number): void {
    const route = this.#route;
    if (this.#leaf !== undefined) this.#leaf.bytes += to - from;
    if (route === "copy") this.#out.copy(chunk, from, to);
    else if (route === "gap") {
      this.#gap.add(chunk, from, to);
      if (this.#gap.bytes > limits.maskWindowBytesMax) throw unmaskable("too much space between two members");
    } else if (route === "hold") this.#hold?.kept.add(chunk, from, to);
    if ((this.#hold?.kept.bytes ?? 0) > limits.maskWindowBytesMax) {
      throw unmaskable("the type of an object comes too late");
    }
    if (!this.#collected.isOpen) return;
    this.#collected.add(chunk, from, to);
    if (this.#collected.bytes > limits.maskWindowBytesMax) this.#overflow();
  }

  valueStart(first: number): void {
    if (this.#dropDepth !== undefined) this.#dropDepth += 1;
    else if (this.#hold !== undefined) this.#heldValueStart(this.#hold, first);
    else if (first === firstByte.object || first === firstByte.array) this.#open(first === firstByte.object);
    else this.#startLeaf(first);
  }

  valueEnd(): void {
    if (this.#dropDepth !== undefined) this.#droppedValueEnd(this.#dropDepth - 1);
    else if (this.#hold !== undefined) this.#heldValueEnd(this.#hold);
    else if (this.#leaf !== undefined) this.#endLeaf(this.#leaf);
    else {
      this.#top().setting?.close();
      this.#frames.pop();
    }
  }

  keyStart(): void {
    if (this.#dropDepth !== undefined || (this.#hold?.depth ?? 0) > 0) return;
    if (this.#hold === undefined && this.#mayWithhold(this.#top())) this.#route = "none";
    this.#collected.open();
  }

  keyEnd(): void {
    if (this.#dropDepth !== undefined || (this.#hold?.depth ?? 0) > 0) return;
    const raw = this.#collected.take();
    if (this.#hold === undefined) this.#startMember(raw);
    else this.#hold.name = unquoted(raw);
  }

  comma(): void {
    if (this.#hold !== undefined || this.#dropDepth !== undefined) return;
    if (this.#top().masked.length > 0) this.#route = "gap";
  }

  containerEnd(): void {
    // No `@type` in the whole object: then it is no Any, and the shape at hand is all there is to know.
    if (this.#hold?.depth === 0) this.#replay(this.#hold, undefined);
  }

  #top(): Frame {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw new GatehouseError("assertion_failed", "masking lost its place");
    return frame;
  }

  // Objects, arrays and members

  #open(isObject: boolean): void {
    if (isTypeMember(this.#top())) throw unmaskable("the type of an object is not text");
    const frame = openFrame(isObject, this.#top().member);
    frame.settingAround = this.#settingAround(this.#top());
    if (isObject) frame.masked = this.#maskedMembers(frame.place);
    this.#frames.push(frame);
  }

  /** The setting whose name speaks for all that is in an object or array that begins here. */
  #settingAround(frame: Frame): Setting | undefined {
    const { member } = frame;
    if (!frame.isObject || member.name !== settingValue || member.forced !== undefined)
      return frame.settingAround;
    return this.#settingOf(frame);
  }

  /** Asked while the object is not yet, or already, on the stack: its own member has no say. */
  #maskedMembers(place: Treatment, frames: readonly Frame[] = this.#frames): readonly string[] {
    return this.#treatments.maskedMembers(place, () => pathOf(frames));
  }

  /** Whether the name of a member may have to go, change or wait; all others leave with the bytes around them. */
  #mayWithhold(frame: Frame): boolean {
    return (
      frame.masked.length > 0 || this.#rules.patterns.length > 0 || frame.place.shape?.ofType !== undefined
    );
  }

  #startMember(raw: Buffer): void {
    const frame = this.#top();
    const name = unquoted(raw);
    const mayBeAny = frame.place.shape?.ofType !== undefined && frame.place.forced === undefined;
    frame.membersSeen += 1;
    if (mayBeAny && name === "@type") frame.typesSeen += 1;
    // Of two types a client may believe the second while we judged by the first.
    if (frame.typesSeen > 1) throw unmaskable("an object has two types");
    if (mayBeAny && name !== "@type" && frame.membersSeen === 1 && !frame.isTypeKnown) {
      this.#startHold(raw, name);
      return;
    }
    const isWithheld = this.#route !== "copy";
    frame.name = name;
    frame.member = this.#treatments.member(frame.place, name, () => pathOf(this.#frames));
    if (isChecksumOf(normalName(name), frame.masked)) this.#drop();
    else if (isWithheld) this.#letThrough(frame, raw);
    else frame.hasMembersOut = true;
  }

  #letThrough(frame: Frame, raw: Buffer): void {
    const gap = this.#gap.take();
    // The comma belonged to a first member that was dropped.
    this.#out.put(frame.hasMembersOut ? gap : gap.subarray(1));
    frame.hasMembersOut = true;
    // Maps are keyed by data: what a pattern finds in a name is hidden as well.
    const label = (): string => `${labelOf(this.#frames.slice(0, -1))}.*`;
    this.#out.put(this.#maskByPatterns(frame.name, label) ?? raw);
    this.#route = "copy";
  }

  #drop(): void {
    this.#found(labelOf(this.#frames), { detector: "catalogue", rule: "checksum" });
    this.#gap.take();
    this.#dropDepth = 0;
    this.#route = "none";
  }

  #droppedValueEnd(depth: number): void {
    this.#dropDepth = depth === 0 ? undefined : depth;
    if (depth === 0) this.#route = "copy";
  }

  // An object that may be an Any and does not begin with its type

  #startHold(raw: Buffer, name: string): void {
    this.#hold = { mark: this.#lexer.mark(), kept: new Collector(), depth: 0, name };
    this.#hold.kept.add(raw, 0, raw.length);
    this.#route = "hold";
  }

  #heldValueStart(hold: Hold, first: number): void {
    hold.depth += 1;
    if (hold.depth > 1 || hold.name !== "@type") return;
    if (first !== firstByte.string) throw unmaskable("the type of an object is not text");
    this.#collected.open();
  }

  #heldValueEnd(hold: Hold): void {
    hold.depth -= 1;
    if (hold.depth === 0 && hold.name === "@type") this.#replay(hold, unquoted(this.#collected.take()));
  }

  /** Reads the object's members again, now that it is known what they are. */
  #replay(hold: Hold, typeUrl: string | undefined): void {
    const frame = this.#top();
    if (typeUrl !== undefined) this.#applyType(frame, typeUrl);
    else if (this.#subject.isProjected === true) frame.place = this.#treatments.ofUnknownType(frame.place);
    frame.isTypeKnown = true;
    frame.membersSeen = 0;
    this.#hold = undefined;
    this.#route = "copy";
    this.#lexer.replay(hold.mark, hold.kept.take());
  }

  #applyType(frame: Frame, typeUrl: string): void {
    frame.place = this.#treatments.ofType(frame.place, typeUrl);
    frame.masked = this.#maskedMembers(frame.place, this.#frames.slice(0, -1));
  }

  // Strings, numbers and words

  #startLeaf(first: number): void {
    const frame = this.#top();
    const leaf: Leaf = { first, place: frame.member, way: "pass", cause: undefined, bytes: 0 };
    this.#leaf = leaf;
    if (isTypeMember(frame) && first !== firstByte.string)
      throw unmaskable("the type of an object is not text");
    if (first === firstByte.null) return;
    if (frame.member.forced !== undefined) this.#swallow(leaf, frame.member.forced);
    else if (first !== firstByte.true && first !== firstByte.false) {
      leaf.way = this.#wayOf(frame);
      if (leaf.way !== "pass") this.#collected.open();
      if (leaf.way === "look") this.#route = "none";
    }
  }

  #wayOf(frame: Frame): Leaf["way"] {
    const { member, settingAround } = frame;
    if (member.isBag || member.verdict !== "none" || this.#rules.patterns.length > 0) return "look";
    if (settingAround !== undefined) return "look";
    if (!frame.isObject) return "pass";
    if (member.name === settingValue) return "look";
    return isSettingName(member.name) || isTypeMember(frame) ? "note" : "pass";
  }

  /** The value is secret: from here on it is counted and forgotten. */
  #swallow(leaf: Leaf, cause: Cause): void {
    leaf.way = "swallow";
    leaf.cause = cause;
    this.#route = "none";
    this.#collected.take();
  }

  #endLeaf(leaf: Leaf): void {
    this.#leaf = undefined;
    this.#route = "copy";
    if (leaf.way === "look") this.#judge(leaf, this.#collected.take());
    else if (leaf.way === "note") this.#note(leaf, textOf(leaf, this.#collected.take()));
    else if (leaf.cause !== undefined) {
      if (leaf.first === firstByte.string && leaf.bytes === 2) this.#out.put(Buffer.from('""'));
      else this.#putPlaceholder(leaf.cause);
    }
  }

  /** A name or a type says something about its neighbours. */
  #note(leaf: Leaf, text: string): void {
    const frame = this.#top();
    if (leaf.first !== firstByte.string || !frame.isObject) return;
    if (isSettingName(leaf.place.name)) this.#settingOf(frame).noteName(leaf.place.name, text);
    if (isTypeMember(frame)) this.#applyType(frame, text);
  }

  #judge(leaf: Leaf, raw: Buffer): void {
    const frame = this.#top();
    const text = textOf(leaf, raw);
    const isValue = frame.isObject && leaf.place.name === settingValue;
    const setting = isValue ? this.#settingOf(frame) : frame.settingAround;
    const cause =
      this.#treatments.secretBy(leaf.place, leaf.place.name, text) ??
      setting?.secretBy({ place: leaf.place, text });
    if (cause !== undefined) {
      this.#putPlaceholder(cause);
      return;
    }
    const written = this.#maskByPatterns(text, () => labelOf(this.#frames)) ?? raw;
    if (setting !== undefined) {
      // Numbers without a name are measurements more often than secrets.
      const isSecretUnnamed = this.#subject.isProjected === true && leaf.first === firstByte.string;
      setting.putValue({ place: leaf.place, text, isSecretUnnamed }, written, () => ({
        bytes: this.#placeholder(),
        label: labelOf(this.#frames),
      }));
    } else this.#out.put(written);
    this.#note(leaf, text);
  }

  #settingOf(frame: Frame): Setting {
    const onMasked = (label: string): void => this.#found(label, secretNameCause);
    frame.setting ??= new Setting(this.#treatments, this.#out, onMasked, frame.settingAround);
    return frame.setting;
  }

  #maskByPatterns(text: string, label: () => string): Buffer | undefined {
    if (this.#rules.patterns.length === 0) return undefined;
    const outcome = replacePatterns(this.#rules.patterns, text, () => this.#subject.placeholder(label()));
    if (outcome === undefined) return undefined;
    for (const cause of outcome.causes) this.#found(label(), cause);
    return Buffer.from(JSON.stringify(outcome.text));
  }

  /** A value too long to be looked at: masked if it is suspect, let go if only its name counted, else the end. */
  #overflow(): void {
    const leaf = this.#leaf;
    if (leaf === undefined) throw unmaskable("the name of a member is too long");
    const frame = this.#top();
    const cause = suspicion(frame, leaf.place);
    if (cause !== undefined) this.#swallow(leaf, cause);
    else if (this.#rules.patterns.length > 0 || isTypeMember(frame)) {
      throw unmaskable(`a text is longer than the ${limits.maskWindowBytesMax} bytes that can be looked at`);
    } else {
      const kept = this.#collected.take();
      if (leaf.way === "look") this.#out.put(kept);
      leaf.way = "pass";
      this.#route = "copy";
    }
  }

  #placeholder(): Buffer {
    const label = labelOf(this.#frames);
    const { isBytes } = this.#top().member;
    const key = `${isBytes} ${label}`;
    const known = this.#placeholders.get(key);
    if (known !== undefined) return known;
    const text = this.#subject.placeholder(label);
    const written = Buffer.from(JSON.stringify(isBytes ? Buffer.from(text).toString("base64") : text));
    if (this.#placeholders.size < limits.findingsMax) this.#placeholders.set(key, written);
    return written;
  }

  #putPlaceholder(cause: Cause): void {
    this.#found(labelOf(this.#frames), cause);
    this.#out.put(this.#placeholder());
  }

  #found(path: string, cause: Cause): void {
    this.#report({ path: path === "" ? "$" : path, ...cause });
  }
}

function textOf(leaf: Leaf, raw: Buffer): string {
  return leaf.first === firstByte.string ? unquoted(raw) : raw.toString("latin1");
}
