// Runs once in the page for each panel; `this` is an element in it. Without it everything can still be chosen and
// fetched, and every text is selected whole by one click.
const panel = this.closest('.kproxy-panel')

const copy = button => {
  const code = button.closest('.kproxy-text').querySelector('code')
  getSelection().selectAllChildren(code)
  document.execCommand('copy')
  const label = button.textContent
  button.textContent = 'Copied'
  setTimeout(() => { button.textContent = label }, 2000)
  return code.textContent
}

// JupyterLab gives a page no way to its commands, but the toolbar of the active cell has a button for this one.
const insert = button => {
  const text = copy(button)
  const cell = panel.closest('.jp-Cell')
  if (!cell) return
  cell.dispatchEvent(new MouseEvent('mousedown', { bubbles: true, button: 0 }))
  document.dispatchEvent(new MouseEvent('mouseup', { bubbles: true, button: 0 }))
  const add = cell.querySelector('[data-command="notebook:insert-cell-below"]')
  if (!add) {
    button.textContent = 'Copied: paste it into a cell'
    return
  }
  add.click()
  setTimeout(() => {
    const editor = cell.nextElementSibling.querySelector('.cm-content')
    const data = new DataTransfer()
    data.setData('text/plain', (button.dataset.before || '') + text)
    editor.focus()
    editor.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  }, 200)
}

// A focused control that is hidden or disabled would leave the focus to the page, and the next keys to the notebook.
const keepFocus = () => {
  let last = null
  const isGone = control => !control.isConnected || control.disabled || !control.checkVisibility()
  panel.addEventListener('focusin', event => { last = event.target })
  panel.addEventListener('focusout', event => { if (!isGone(event.target)) last = null })
  const check = () => {
    if (document.activeElement !== document.body || !last || !isGone(last)) return
    const next = [...panel.querySelectorAll('.kproxy-ask button, select')].find(control => !isGone(control))
    if (next) next.focus()
  }
  const observer = new MutationObserver(() => requestAnimationFrame(() => requestAnimationFrame(check)))
  observer.observe(panel, { subtree: true, childList: true, attributes: true, attributeFilter: ['style', 'disabled'] })
}

if (panel && !panel.dataset.kproxyReady) {
  panel.dataset.kproxyReady = 'true'
  // JupyterLab takes the keys of a focused list for commands of the notebook: `b` would insert a cell.
  panel.addEventListener('keydown', event => {
    const isCommand = event.ctrlKey || event.metaKey || (event.shiftKey && event.key === 'Enter')
    if (!isCommand) event.stopPropagation()
  })
  panel.addEventListener('click', event => {
    const button = event.target.closest('button[data-kproxy]')
    if (button) (button.dataset.kproxy === 'copy' ? copy : insert)(button)
  })
  keepFocus()
}
