import { registerMap } from 'echarts/core'
import { feature } from 'topojson-client'
import atlas from 'world-atlas/countries-110m.json'

/** Registers the map "world"; its countries are named by their ISO 3166 numeric codes. */
export function loadWorld(): void {
  const topology = atlas as unknown as Parameters<typeof feature>[0]
  const countries = feature(topology, topology.objects.countries as never) as unknown as { features: { id?: string; properties: Record<string, unknown> }[] }
  for (const country of countries.features) country.properties = { name: country.id ?? '' }
  registerMap('world', countries as never)
}
