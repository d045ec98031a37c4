import type { Frame } from "./frame.ts";
import { settingValue } from "./setting.ts";
import { type Cause, secretNameCause, settingCause, type Treatment } from "./treatment.ts";

/** Why a value that is too long to be looked at must be taken for a secret. */
export function suspicion(frame: Frame, place: Treatment): Cause | undefined {
  if (place.isBag) return settingCause;
  if (place.verdict !== "none") return secretNameCause;
  const setting = frame.isObject && place.name === settingValue ? frame.setting : frame.settingAround;
  const isValue = (frame.isObject && place.name === settingValue) || frame.settingAround !== undefined;
  return isValue && setting?.maySkip(place) !== true ? secretNameCause : undefined;
}
