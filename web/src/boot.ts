// The frame in index.html is to be seen before the page's code runs, which keeps the browser busy. A tab in the
// background draws nothing.
const drawn = new Promise<void>((done) => {
  requestAnimationFrame(() => setTimeout(done))
  setTimeout(done, 100)
})

void drawn.then(() => import('./main'))
