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
        // A set yields what is added to it meanwhile.
        const needed = new Set([page])
        for (const chunk of needed) for (const file of chunk.imports) chunks.filter((c) => c.fileName === file).forEach((c) => needed.add(c))
        const early = (as: string, file: string): HtmlTagDescriptor => ({ tag: 'link', injectTo: 'head', attrs: { rel: 'preload', as, crossorigin: true, href: `/${file}` } })
        const scripts = [...needed].map((chunk) => early('script', chunk.fileName))
        const styles = [...needed].flatMap((chunk) => [...chunk.viteMetadata?.importedCss ?? []]).map((file) => early('style', file))
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
    rolldownOptions: { output: { codeSplitting: { groups: [
      { name: 'boot', test: /preload-helper/, priority: 1 },
      // What the first view needs is one file, and not one for each set of pages that share a part of it: they would be fifty.
      { name: 'page', test: /\/src\/main\.tsx$/, includeDependenciesRecursively: true },
    ] } } },
  },
  server: { proxy: { '/api': { target: process.env.DATAMIND_URL ?? 'http://127.0.0.1:8080', ws: true } } },
})
