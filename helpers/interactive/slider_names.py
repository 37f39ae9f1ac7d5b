"""Accessible names for sliders, whose handles ipywidgets leaves without one."""

from __future__ import annotations

_PROGRAM = """
(() => {
  if (window.dermbookNamesSliders) return;
  window.dermbookNamesSliders = true;
  const parts = ".noUi-handle[role=slider], .widget-readout[contenteditable]";
  const name = () => {
    for (const part of document.querySelectorAll(parts)) {
      const label = part.closest(".jupyter-widgets")?.querySelector(".widget-label");
      if (!label || part.ariaLabel === label.textContent) continue;
      part.setAttribute("aria-label", label.textContent);
      if (!part.hasAttribute("role")) part.setAttribute("role", "textbox");
    }
  };
  new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
  name();
})();
"""
"""Gives a handle, and the number beside it that can be typed over, the text of their label.

It runs once a page, and then whenever something is added to the page: a control is drawn some time
after the cell that shows it.
"""


def name_sliders() -> None:
    """Have a screen reader say what a slider sets: the description that stands beside it."""
    from IPython.display import display

    display({"application/javascript": _PROGRAM, "text/plain": ""}, raw=True)
