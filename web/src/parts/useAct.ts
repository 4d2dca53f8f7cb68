import { useMutation, useQueryClient } from '@tanstack/react-query'

/** A change to the server; what it touches is read again afterwards. The error stays until the next try. */
export function useAct<In = void, Out = unknown>(change: (input: In) => Promise<Out>, touched: readonly (readonly unknown[])[], onDone?: (out: Out, input: In) => void) {
  const queries = useQueryClient()
  return useMutation<Out, Error, In>({
    mutationFn: change,
    onSuccess: async (out, input) => {
      await Promise.all(touched.map((queryKey) => queries.invalidateQueries({ queryKey })))
      onDone?.(out, input)
    },
  })
}
