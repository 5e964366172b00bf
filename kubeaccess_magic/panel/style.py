"""How a panel looks: the theme's own colours and fonts, from 400 px on, and nothing that scrolls but the rows."""

from __future__ import annotations

import html
import pathlib

__all__ = ["style"]


def style() -> str:
    """A style element; once it is in the page, it runs the panel's script there."""
    script = pathlib.Path(__file__).with_name("page.js").read_text(encoding="utf-8")
    lines = "".join(f".kproxy-series-{at} {{ --kproxy-color: {color}; }}\n" for at, color in enumerate(_COLORS))
    return f'<style onload="{html.escape(script)}">{_STYLE}{lines}</style>'


# Of the lines of a chart, to be told apart on white and on black.
_COLORS = ("#1f77b4", "#d95f02", "#2ca02c", "#c2449a", "#8c6bb1", "#a6761d", "#17a2a2", "#7f7f7f")


# JupyterLab, Notebook and Voila set the --jp variables; what stands behind the comma is for anything else.
_STYLE = """
.kproxy-panel { container-type: inline-size; width: 100%; max-width: 64em; padding: 4px 4px 8px;
  overflow: visible; gap: 12px;
  color: var(--jp-ui-font-color1, CanvasText); font-family: var(--jp-ui-font-family, system-ui, sans-serif);
  --kproxy-line: var(--jp-border-color2, GrayText); --kproxy-pale: var(--jp-ui-font-color2, inherit);
  --kproxy-code: var(--jp-code-font-family, monospace); }
.kproxy-panel .widget-box { overflow: visible; }
.kproxy-panel .widget-html, .kproxy-panel .widget-html-content { width: 100%; height: auto; line-height: 1.5;
  margin: 0; overflow: visible; }
.kproxy-panel .kproxy-grid { display: grid; gap: 6px 28px; width: 100%;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 21em), 1fr)); }
.kproxy-panel .kproxy-where { display: grid; gap: 6px 20px; width: 100%;
  grid-template-columns: repeat(3, minmax(0, 1fr)); }
.kproxy-panel .kproxy-where .widget-label { width: 6.5em; }
.kproxy-panel .kproxy-where .kproxy-name { grid-column: span 2; }
.kproxy-panel .kproxy-where .kproxy-picker > button { margin-left: 6.5em; }
.kproxy-panel .kproxy-where .kproxy-picker .widget-html:has(.kproxy-pale) { padding-left: 6.8em; }
.kproxy-panel .kproxy-part { padding-top: 12px; border-top: 1px solid var(--kproxy-line); }
.kproxy-panel .kproxy-wide { grid-column: 1 / -1; }
.kproxy-panel .widget-text, .kproxy-panel .widget-textarea, .kproxy-panel .widget-dropdown,
.kproxy-panel .widget-combobox { width: 100%; margin: 0; height: auto; }
.kproxy-panel .widget-label { width: 7.5em; flex: none; text-align: left; color: var(--kproxy-pale);
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.kproxy-panel input, .kproxy-panel textarea { min-width: 0; border-radius: 3px; }
.kproxy-panel input::placeholder { color: var(--kproxy-pale); opacity: 1; }
.kproxy-panel .kproxy-code input, .kproxy-panel .kproxy-code textarea { font-family: var(--kproxy-code); }
.kproxy-panel .widget-dropdown > select { min-width: 0; height: 28px; border-radius: 3px; padding: 0 26px 0 8px;
  appearance: none; background-repeat: no-repeat; background-size: 5px 6px;
  background-position: right 14px center, right 9px center;
  background-image: linear-gradient(45deg, transparent 50%, currentColor 50%),
    linear-gradient(315deg, transparent 50%, currentColor 50%); }
.kproxy-panel select option { color: var(--jp-ui-font-color1, FieldText); background: var(--jp-layout-color1, Field); }
.kproxy-panel .kproxy-picker { display: flex; flex-flow: column; gap: 4px; width: 100%; }
.kproxy-panel .kproxy-picker > button { align-self: flex-start; width: auto; margin: 0 0 0 7.5em; }
.kproxy-panel .kproxy-picker .widget-html:has(.kproxy-pale) { padding-left: 7.8em; width: auto; }
.kproxy-panel .kproxy-picker .widget-html:not(:has(.kproxy-pale)) { display: none; }
.kproxy-panel .kproxy-ask { display: grid; gap: 6px 8px; align-items: start;
  grid-template-columns: 16em minmax(0, 1fr) auto auto; }
.kproxy-panel .kproxy-ask > .kproxy-code .widget-label { width: 2.5em; }
.kproxy-panel .kproxy-actions .kproxy-picker { width: 18em; }
.kproxy-panel .kproxy-actions .kproxy-picker .widget-label { width: 3em; }
.kproxy-panel .widget-html:has(> .widget-html-content:empty) { display: none; }
.kproxy-panel .kproxy-ask button { min-width: 6.5em; margin: 0; height: 28px; border-radius: 3px; }
.kproxy-panel > .kproxy-part:nth-child(2) { border-top: 0; padding-top: 0; }
.kproxy-panel .kproxy-part, .kproxy-panel .kproxy-answer, .kproxy-panel .kproxy-rows, .kproxy-panel .kproxy-folded {
  display: flex; flex-flow: column; gap: 8px; width: 100%; }
.kproxy-panel .kproxy-folded .kproxy-fold { align-self: flex-start; width: auto; margin: 0; padding: 0 4px;
  background: none; box-shadow: none; color: var(--kproxy-pale); height: auto; }
.kproxy-panel .kproxy-text button, .kproxy-panel .kproxy-actions a { font: inherit; margin: 4px 8px 0 0; }
.kproxy-panel .kproxy-text button { padding: 1px 10px; border: 1px solid var(--kproxy-line); border-radius: 3px;
  background: none; color: var(--jp-ui-font-color1, inherit); cursor: pointer; }
.kproxy-panel .kproxy-old { opacity: .45; }
.kproxy-panel .kproxy-chart { margin: 0; }
.kproxy-panel .kproxy-chart figcaption { color: var(--kproxy-pale); }
.kproxy-panel .kproxy-chart svg { width: 100%; height: auto; display: block; }
.kproxy-panel .kproxy-chart text { fill: var(--kproxy-pale); font-size: 11px; }
.kproxy-panel .kproxy-rule { stroke: var(--kproxy-line); stroke-width: 1; }
.kproxy-panel .kproxy-line { fill: none; stroke: var(--kproxy-color); stroke-width: 1.8; }
.kproxy-panel .kproxy-legend { list-style: none; display: flex; flex-flow: row wrap; gap: 2px 16px; margin: 4px 0;
  padding: 0; overflow-wrap: anywhere; }
.kproxy-panel .kproxy-legend li::before { content: "\\2013\\2013" / ""; font-weight: bold; margin-right: .4em;
  color: var(--kproxy-color); }
.kproxy-panel .kproxy-bars { width: 100%; table-layout: auto; }
.kproxy-panel .kproxy-bars .kproxy-bar { width: 50%; }
.kproxy-panel .kproxy-bar span { display: block; height: 12px; min-width: 1px; background: #1f77b4;
  border-radius: 2px; }
.kproxy-panel .kproxy-asked, .kproxy-panel .kproxy-actions { display: flex; flex-flow: row wrap; gap: 6px 8px;
  align-items: center; }
.kproxy-panel .kproxy-about { display: flex; flex-flow: row wrap; gap: 2px 20px; align-items: baseline; }
.kproxy-panel .kproxy-about .widget-html, .kproxy-panel .kproxy-asked .widget-html,
.kproxy-panel .kproxy-actions .widget-html { width: auto; flex: 0 1 auto; }
.kproxy-panel .kproxy-asked button { width: auto; margin: 0; height: 26px; line-height: 24px; padding: 0 12px;
  border: 1px solid var(--kproxy-line); border-radius: 13px; background: none; box-shadow: none;
  color: var(--jp-ui-font-color1, inherit); }
.kproxy-panel .kproxy-asked button:hover { background: var(--jp-layout-color2, transparent); }
.kproxy-panel .kproxy-actions button { width: auto; min-width: 7.5em; max-width: 100%; margin: 0; padding: 2px 16px;
  height: auto; min-height: 30px; line-height: 1.4; white-space: normal; border-radius: 3px; }
.kproxy-panel .widget-checkbox { width: auto; margin: 0; }
.kproxy-panel .widget-checkbox input { margin: 0; }
.kproxy-panel .widget-checkbox .widget-label-basic { display: flex; align-items: center; gap: 6px; }
.kproxy-panel button:focus-visible { outline: 2px solid var(--jp-brand-color1, Highlight); outline-offset: 1px; }
.kproxy-panel .kproxy-texts { display: grid; grid-template-columns: 7.5em minmax(0, 1fr); gap: 4px 8px; margin: 0; }
.kproxy-panel .kproxy-texts dt { color: var(--kproxy-pale); margin: 0; font-weight: normal; padding: 2px 0; }
.kproxy-panel .kproxy-texts dt, .kproxy-panel .kproxy-texts dd { width: auto; float: none; }
.kproxy-panel .kproxy-texts dd { margin: 0; }
.kproxy-panel .kproxy-copy { display: block; user-select: all; -webkit-user-select: all; white-space: pre-wrap;
  overflow-wrap: anywhere; font-family: var(--kproxy-code); font-size: var(--jp-code-font-size, 13px);
  padding: 2px 6px; border-radius: 3px; cursor: pointer; line-height: 1.5;
  color: var(--jp-content-font-color1, inherit); background: var(--jp-cell-editor-background, transparent);
  border: 1px solid var(--jp-cell-editor-border-color, GrayText); }
.kproxy-panel .kproxy-pale { color: var(--kproxy-pale); }
.kproxy-panel .kproxy-good::before { content: "\\25cf" / ""; margin-right: .4em;
  color: var(--jp-success-color1, inherit); }
.kproxy-panel .kproxy-bad::before { content: "\\25b2" / ""; margin-right: .4em;
  color: var(--jp-error-color1, inherit); }
.kproxy-panel .kproxy-error { border-left: 3px solid var(--jp-error-color1, currentColor); padding: 2px 0 2px 10px;
  overflow-wrap: anywhere; }
.kproxy-panel .kproxy-heading { overflow-wrap: anywhere; }
.kproxy-panel .kproxy-table { overflow: auto; max-height: 24em; }
.kproxy-panel .kproxy-table th { position: sticky; top: 0; background: var(--jp-layout-color0, Canvas); }
.kproxy-panel table { border-collapse: collapse; margin: 6px 0 4px; font-size: var(--jp-ui-font-size1, 13px);
  border: 0; }
.kproxy-panel th, .kproxy-panel td { padding: 3px 14px 3px 0; text-align: left; white-space: nowrap; border: 0;
  max-width: 24em; overflow: hidden; text-overflow: ellipsis; font-variant-numeric: tabular-nums; }
.kproxy-panel th { color: var(--kproxy-pale); font-weight: 600; }
.kproxy-panel tbody tr { border-top: 1px solid var(--kproxy-line); background: none; }
.kproxy-panel .kproxy-number { text-align: right; }
.kproxy-panel pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 4px 0; line-height: 1.5; }
.kproxy-panel summary { cursor: pointer; }
.jp-OutputArea:has(.kproxy-panel) > .jp-OutputArea-child:has(.kproxy-fallback) { display: none; }
.kproxy-panel.jupyter-widgets-disconnected > * { display: none; }
.jp-OutputArea:has(.kproxy-panel.jupyter-widgets-disconnected) > .jp-OutputArea-child:has(.kproxy-fallback) {
  display: flex; }
@container (max-width: 40em) {
  .kproxy-panel .kproxy-where { grid-template-columns: minmax(0, 1fr); }
  .kproxy-panel .kproxy-where .kproxy-name { grid-column: auto; }
  .kproxy-panel .kproxy-ask { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
  .kproxy-panel .kproxy-ask > .kproxy-code .widget-label { width: 7.5em; }
  .kproxy-panel .kproxy-ask > :first-child, .kproxy-panel .kproxy-ask > :nth-child(2) { grid-column: 1 / -1; }
  .kproxy-panel .kproxy-texts { grid-template-columns: minmax(0, 1fr); }
  .kproxy-panel .kproxy-texts dt { padding: 4px 0 0; }
}
"""
