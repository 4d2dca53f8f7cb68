/**
 * Opens a PDF that is still to be made in a tab of its own. The tab is opened at once, because browsers let a page do so
 * only while a press is fresh; until the PDF is there it says what it waits for.
 */
export async function openPdf(waiting: string, load: () => Promise<Blob>): Promise<void> {
  const tab = window.open('', '_blank')
  if (tab) {
    tab.document.title = waiting
    tab.document.body.textContent = waiting
  }
  try {
    const url = URL.createObjectURL(await load())
    if (tab) tab.location.replace(url)
    else location.assign(url) // tabs are not allowed
  } catch (error) {
    tab?.close()
    throw error
  }
}
