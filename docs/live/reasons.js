/** What the reader is told when Python, or a part of it, is not there. */

/** @import {Finished, Lost, Unloaded} from "./messages.js" */

const GONE = "变量已清空，再次运行时会先运行需要的格。";

/** What ends Python itself. @type {[RegExp, string][]} */
const CAUSES = [
  [/call stack|recursion/, "数据或调用套得太深"],
  [/terminated with exit/, "代码让它退出了"],
];

/** @param {boolean} network */
const advice = (network) => (network ? "请检查网络后重试。" : "请稍后重试。");

/** @param {Lost | Unloaded} message */
export function explain(message) {
  if (message.type === "unloaded") {
    const { part, reason, network, stopped } = message.loss;
    if (stopped) return `已停止，${part} 还没有载入。变量都还在。`;
    return `这里要用的 ${part} ${reason}，所以没有运行。变量都还在，${advice(network)}`;
  }
  if (message.why === "load") {
    const { part, reason, network } = message.loss;
    return `Python 没有载入成功：${part} ${reason}。${advice(network)}`;
  }
  if (message.why === "start") return `浏览器不让 Python 启动（${message.reason}）。`;
  if (message.why === "crash") {
    const cause = CAUSES.find(([sign]) => sign.test(message.reason))?.[1] ?? message.reason;
    return `Python 自身出了错，不能再用（${cause}）。${GONE}`;
  }
  if (message.why === "silent") return `Python 不再回应，已经关闭。${GONE}`;
  return `已停止。${GONE}`;
}

/** Where no cell has run and no variable is lost. @param {Lost | Unloaded | Finished} message  the end of a question without an answer */
export function explainToPanel(message) {
  if (message.type === "unloaded") {
    const { part, reason, network } = message.loss;
    return `画图要用的 ${part} ${reason}。${advice(network)}`;
  }
  if (message.type === "lost" && (message.why === "load" || message.why === "start")) return explain(message);
  if (message.type === "lost" && message.why === "crash") return `画图的 Python 出了错（${message.reason}）。`;
  if (message.type === "lost" && message.why === "silent") return "画图的 Python 不再回应，已经关闭。";
  return "已停止，图没有重画。";
}

/** Whether trying again may help, without a change of the code. @param {Lost | Unloaded} message */
export function worthRetrying(message) {
  if (message.type === "unloaded") return !message.loss.stopped;
  return message.why === "load" || message.why === "start";
}
