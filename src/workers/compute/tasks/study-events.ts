/** @file What a search tells its job: each event of the library as events of the job's log, and when to keep the folder. */
import type { EvotuneEvent } from "../../../training/index.ts";
import type { JobEvent } from "../../jobs/record.ts";
import type { StudyEvent, TaskParams } from "../tasks.ts";

type Event<T extends EvotuneEvent["type"]> = Extract<EvotuneEvent, { readonly type: T }>; // prettier-ignore

export interface StudyTeller {
  /** The events to tell of `event`; none but what later ones depend on is taken of one that is not new. */
  tell(event: EvotuneEvent, isNew: boolean): readonly StudyEvent[];
}

/** Milliseconds between two words on how far it is. */
const progressMs = 500;

/**
 * Progress is in training steps of all trials and the final fit, the steps of an epoch worked out from the data: a trial
 * that is pruned has done all of its steps once the next group begins.
 */
export function createTeller({
  options: { trials, folds, epochs },
  checkpointSteps,
}: Pick<TaskParams<"study">, "options"> & {
  readonly checkpointSteps: number;
}): StudyTeller {
  const settings = new Map<number, Readonly<Record<string, unknown>>>();
  let study: Event<"study"> | null = null;
  let finalEpochs = epochs.high;
  let saveDue = false;
  let toldAt = -Infinity;

  const note = (event: EvotuneEvent) => {
    if (event.type === "study") study = event;
    if (event.type === "trial") settings.set(event.trial, event.setting);
    if (event.type === "chosen") finalEpochs = event.epochs;
  };

  const progress = (before: number, epoch: number, rate: number | null): StudyEvent[] => {
    if (study === null || performance.now() - toldAt < progressMs) return [];
    toldAt = performance.now();
    const ofTrials = trials * folds * epochs.high * stepsOf(study, (folds - 1) / folds); // prettier-ignore
    const isFinal = before === trials;
    const own = isFinal
      ? epoch * stepsOf(study, 1)
      : epoch * stepsOf(study, (folds - 1) / folds);
    const done = (before / trials) * ofTrials + own;
    return [unsaved({
      type: "progress",
      done: Math.round(done),
      total: Math.round(ofTrials + finalEpochs * stepsOf(study, 1)),
      residuesPerSecond: rate,
      etaSeconds: null,
    })];
  }; // prettier-ignore

  const ofTrial = (event: Event<"trial step">): StudyEvent[] => {
    const { trial, fold, step, epoch, loss, learningRate } = event;
    // The checkpoint of an epoch follows its line, and others their step: now they are on the disk.
    const save = saveDue;
    saveDue = step % checkpointSteps === 0;
    const done = (fold - 1) * epochs.high + epoch;
    return [
      { event: { type: "step", trial, fold, step, epoch, loss, learningRate }, save }, // prettier-ignore
      ...progress(trial - 1, done, event.residuesPerSecond),
    ];
  };

  const ofFinalFit = ({ event }: Event<"final fit">): StudyEvent[] => {
    if (event.type === "checkpoint")
      return [{ event: { type: "checkpoint", step: event.step }, save: true }];
    if (event.type !== "step") return [];
    const { step, epoch, loss, learningRate, residuesPerSecond } = event;
    return [
      unsaved({ type: "step", trial: null, step, epoch, loss, learningRate }),
      ...progress(trials, epoch, residuesPerSecond),
    ];
  };

  return {
    tell(event, isNew) {
      note(event);
      if (!isNew) return [];
      switch (event.type) {
        case "baseline":
          return [
            unsaved({ ...validation(event), trial: null, epoch: 0 }),
            ...progress(0, 0, null),
          ];
        case "trial":
        case "pruned":
        case "failed":
        case "finished":
          return [unsaved(trialEvent(event, settings.get(event.trial)))];
        case "epoch": {
          saveDue = true;
          const { trial, fold, epoch } = event;
          return [unsaved({ ...validation(event), trial, fold, epoch })];
        }
        case "trial step":
          return ofTrial(event);
        case "final fit":
          return ofFinalFit(event);
        default:
          return [];
      }
    },
  };
}

const unsaved = (event: JobEvent): StudyEvent => ({ event, save: false });

const validation = ({
  crossEntropy,
  perplexity,
}: Event<"baseline" | "epoch">) =>
  ({ type: "validation", crossEntropy, perplexity }) as const;

const trialEvent = (
  event: Event<"trial" | "pruned" | "failed" | "finished">,
  setting: Readonly<Record<string, unknown>> = {},
): JobEvent => ({
  type: "trial",
  trial: event.trial,
  setting,
  outcome: event.type === "trial" ? null : event.type,
  value: "value" in event ? event.value : null,
});

/** Steps of an epoch over a share of the sequences, about: lanes do not run out at the same time. */
function stepsOf(
  { residues, sequences, fixed }: Event<"study">,
  share: number,
): number {
  const { lanes, window, accumulate } = fixed as Readonly<Record<string, number>>; // prettier-ignore
  return ((residues + sequences) * share) / (lanes * window * accumulate);
}
