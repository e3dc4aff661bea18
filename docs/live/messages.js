/**
 * Everything that the page and the Python worker say to each other.
 *
 * @typedef {{type: "start", interrupt: Uint8Array | null}} Start  once: load Python
 * @typedef {{type: "run", sources: string[], labels: string[], target: number, models: number[],
 *   scale: number}} RunCell
 *   every cell of the page in order, the one to run, and those of which only the models are wanted
 * @typedef {{type: "lab", request: string}} AskLab
 *   a question of the parameter panel to labkit.diagrams.panel.answer, as JSON
 * @typedef {RunCell | AskLab} Question
 * @typedef {{type: "ping"}} Ping  it waits behind the jobs, so that its answer says that they are done
 * @typedef {{type: "stop"}} StopAwaiting  end the cell where it awaits
 * @typedef {{type: "cancel"} & Omit<Loss, "part">} Cancel  give up the downloads under way
 * @typedef {Start | Ping | StopAwaiting | Cancel | Question & {id: number, lifeline: string}} ToWorker
 *   each question with the id of its job, which every reply repeats, and the address that exists as
 *   long as its cell may run; empty where memory is shared
 *
 * @typedef {{type: "progress", text: string, part: string | null}} Progress
 *   what is being loaded, in words; `part`: whose bytes are awaited, null where Python is at work
 * @typedef {{type: "pong"}} Pong  to Ping
 * @typedef {{part: string, reason: string, network: boolean, stopped?: boolean}} Loss
 *   a file or a package that could not be loaded, and why; `network`: the reader's line may be the
 *   cause; `stopped`: the reader did not want to wait
 * @typedef {{type: "lost", why: "load", loss: Loss}
 *   | {type: "lost", why: "start" | "crash" | "silent" | "stop", reason: string}} Lost
 *   this worker is of no use any more, and its variables are gone
 *
 * @typedef {{type: "plan", before: number[]}} Plan  the cells that run before the target
 * @typedef {{type: "begin", cell: number}} Begin
 * @typedef {{type: "text", cell: number, kind: TextKind, done: string, line: string}} Text
 *   `done` stays; `line` is still being written and replaces the one sent before
 * @typedef {"stdout" | "stderr" | "value" | "note"} TextKind
 * @typedef {{type: "figure", cell: number, alt: string, width?: number, height?: number,
 *   png?: Uint8Array<ArrayBuffer>, svg?: string, model?: string}} Figure
 *   `model`: of a model, JSON for <model-view>
 * @typedef {{type: "end", cell: number, error: CellError | null, damage: string}} End
 *   `damage`: what Python itself has lost, in a sentence; empty while it is whole
 * @typedef {{text: string, stopped: boolean, lines: [number, number][]}} CellError
 *   `lines`: the line to mark in each cell that the traceback passes
 * @typedef {{type: "answer", text: string}} Answer  to the panel's question, as JSON
 * @typedef {{type: "finished", failed: number | null}} Finished
 *   the job is over; `failed`: the cell that ended it
 * @typedef {{type: "unloaded", loss: Loss}} Unloaded
 *   the job is over before it could begin; Python and its variables stay
 * @typedef {Plan | Begin | Text | Figure | End | Answer | Finished | Unloaded} Reply
 * @typedef {Progress | Pong | Lost | Reply & {id: number}} FromWorker
 *
 * @typedef {{type: "stray", reason: string}} Stray
 *   from the page's ear on the worker: what a cell left behind, as a timer, has raised an error
 * @typedef {{type: "replaced"}} Replaced
 *   from the page: Python answered no more before the job could begin, which now waits for a new one
 * @typedef {{type: "expired", cell: number, limit: number}} Expired
 *   from the page's own clock: the cell has run for `limit` seconds and is being stopped
 */
export {};
