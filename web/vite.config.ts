import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The styles use light-dark(), which these know.
const cssTarget = ['chrome123', 'firefox120', 'safari17.5']

// The build goes below dist/, where Go embeds it and git ignores it.
export default defineConfig({
  plugins: [react()],
  build: { outDir: 'dist/app', emptyOutDir: true, chunkSizeWarningLimit: 1300, cssTarget },
  server: { proxy: { '/api': { target: process.env.DATAMIND_URL ?? 'http://127.0.0.1:8080', ws: true } } },
})
