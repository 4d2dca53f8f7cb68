import react from '@vitejs/plugin-react'
import { defineConfig, type HtmlTagDescriptor, type Plugin } from 'vite'

// The styles use light-dark(), which these know.
const cssTarget = ['chrome123', 'firefox120', 'safari17.5']

/**
 * The entry loads the page's code once the frame in index.html is drawn. This has it, and its styles, fetched
 * meanwhile; not parsed, which would keep the frame from being drawn.
 */
function fetchEarly(): Plugin {
  return {
    name: 'fetch-early',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle }) {
        const chunks = Object.values(bundle ?? {}).filter((file) => file.type === 'chunk')
        const page = chunks.find((chunk) => chunk.facadeModuleId?.endsWith('/src/main.tsx'))
        if (!page) return []
        const scripts = [page.fileName, ...page.imports].map((file): HtmlTagDescriptor => (
          { tag: 'link', injectTo: 'head', attrs: { rel: 'preload', as: 'script', crossorigin: true, href: `/${file}` } }))
        const styles = [...page.viteMetadata?.importedCss ?? []].map((file): HtmlTagDescriptor => (
          { tag: 'link', injectTo: 'head', attrs: { rel: 'preload', as: 'style', crossorigin: true, href: `/${file}` } }))
        return [...scripts, ...styles]
      },
    },
  }
}

// The build goes below dist/, where Go embeds it and git ignores it.
export default defineConfig({
  plugins: [react(), fetchEarly()],
  build: {
    outDir: 'dist/app', emptyOutDir: true, chunkSizeWarningLimit: 1300, cssTarget,
    // What the first view needs is one file instead of one for each set of pages that share a part of it: they would be fifty.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'page', test: /\/src\/main\.tsx$/, includeDependenciesRecursively: true }] } } },
  },
  server: { proxy: { '/api': { target: process.env.DATAMIND_URL ?? 'http://127.0.0.1:8080', ws: true } } },
})
