const SEEN = 'datamind.tour'

/** Whether this browser has not been shown around, and did not decline. */
export function isNew(): boolean {
  return localStorage.getItem(SEEN) === null
}

/** Remembers that the tour was taken or declined. */
export function setSeen(): void {
  localStorage.setItem(SEEN, 'seen')
}
