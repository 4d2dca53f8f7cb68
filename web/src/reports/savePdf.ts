/** Saves a PDF that is still to be made: the browser shows or keeps it as it does with any file. */
export async function savePdf(name: string, load: () => Promise<Blob>): Promise<void> {
  const url = URL.createObjectURL(await load())
  const link = document.createElement('a')
  link.href = url
  link.download = `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 60)}.pdf`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000) // the browser reads it after the press
}
