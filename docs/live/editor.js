/** The editor of a cell: CodeMirror with Python, in the colours of the theme's code blocks. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentUnit, LanguageSupport, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** @param {string} kind */
const colour = (kind) => ({ color: `var(--md-code-hl-${kind}-color)` });
const highlighting = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.self], ...colour("keyword") },
  { tag: [tags.string, tags.special(tags.string)], ...colour("string") },
  { tag: tags.number, ...colour("number") },
  { tag: [tags.bool, tags.null], ...colour("constant") },
  { tag: tags.comment, ...colour("comment") },
  { tag: [tags.operator, tags.derefOperator], ...colour("operator") },
  { tag: tags.punctuation, ...colour("punctuation") },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], ...colour("function") },
]);

/** @type {import("@codemirror/state").StateEffectType<number | null>} */
const markLine = StateEffect.define();
const marked = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    if (transaction.docChanged) return Decoration.none;
    for (const effect of transaction.effects) {
      if (!effect.is(markLine)) continue;
      const { doc } = transaction.state;
      if (effect.value === null) return Decoration.none;
      const line = doc.line(Math.min(Math.max(effect.value, 1), doc.lines));
      return Decoration.set([Decoration.line({ class: "live-wrong" }).range(line.from)]);
    }
    return marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export class Editor {
  /**
   * @param {Element} block  the static code, which the editor replaces
   * @param {{text: string, label: string, change: (text: string) => void, run: () => void, focus: () => void}} options
   */
  constructor(block, { text, label, change, run, focus }) {
    this.view = new EditorView({
      doc: text,
      extensions: [
        // Tab indents; CodeMirror lets Escape, then Tab, leave the editor.
        keymap.of([{ key: "Mod-Enter", run: () => (run(), true) }, ...historyKeymap, ...defaultKeymap, indentWithTab]),
        history(),
        new LanguageSupport(pythonLanguage),
        indentUnit.of("    "),
        EditorState.tabSize.of(4),
        bracketMatching(),
        syntaxHighlighting(highlighting),
        marked,
        EditorView.contentAttributes.of({
          "aria-label": `${label}的代码`,
          tabindex: "0",
          "aria-description": "按 Ctrl 加回车运行。按 Esc，再按 Tab，离开编辑框。",
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) change(update.state.doc.toString());
          if (update.focusChanged && update.view.hasFocus) focus();
        }),
      ],
    });
    // In one step: with both on the page for a moment, the browser scrolls to follow the text.
    block.replaceWith(this.view.dom);
  }

  /** Replaces the text as one step that the reader can undo. @param {string} text */
  replace(text) {
    if (text === this.view.state.doc.toString()) return;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  /** @param {number | null} line */
  mark(line) {
    this.view.dispatch({ effects: markLine.of(line) });
  }
}
