import { Alert, Button, FileButton, Group, List, Modal, Stack, Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import type { Dashboard } from '../api/dashboards'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'

/** Makes a dashboard of a YAML file, or replaces one; what is wrong with the file is said by line. */
export function ImportDialog({ replace, onDone, onClose }: { replace?: Dashboard; onDone: (id: string) => void; onClose: () => void }) {
  const { t } = useTranslation('dashboards')
  const [yaml, setYaml] = useState('')
  const send = (check: boolean) => unwrap(api.POST('/api/v1/dashboards/import', { body: { yaml, check, dashboard_id: replace?.id } }))
  const check = useAct(() => send(true), [])
  const store = useAct(async () => {
    const found = await send(true)
    return found.problems.length ? found : send(false)
  }, [['dashboards'], ['dashboard']], (found) => { if (found.dashboard) onDone(found.dashboard.id) })
  const found = store.data ?? check.data
  return (
    <Modal opened onClose={onClose} size="lg" title={replace ? t('importDialog.replaceTitle', { name: replace.name }) : t('importDialog.title')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Stack>
        <FileButton accept=".yaml,.yml" onChange={(file) => void file?.text().then(setYaml)}>{(props) => <Button variant="default" {...props}>{t('importDialog.file')}</Button>}</FileButton>
        <Textarea label={t('importDialog.yaml')} value={yaml} onChange={(e) => { setYaml(e.target.value); check.reset(); store.reset() }} autosize minRows={8} maxRows={18} styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }} spellCheck={false} />
        <div role="status">
          {found && !found.problems.length && <Alert color="teal" p="xs"><Text size="sm">{t('importDialog.good', { name: found.name, count: found.tiles })}</Text></Alert>}
          {!!found?.problems.length && (
            <Alert color="red" p="xs"><List size="sm">{found.problems.map((p) => (
              <List.Item key={p.where} className="wrap"><strong>{p.where}{p.line > 0 && `, ${t('importDialog.line', { n: p.line })}`}</strong>: {p.message}</List.Item>
            ))}</List></Alert>
          )}
        </div>
        <ErrorNote error={store.error ?? check.error} />
        <Group>
          <Button disabled={!yaml.trim()} loading={store.isPending} onClick={() => { check.reset(); store.mutate() }}>{t(replace ? 'importDialog.replace' : 'importDialog.import')}</Button>
          <Button variant="default" disabled={!yaml.trim()} loading={check.isPending} onClick={() => { store.reset(); check.mutate() }}>{t('importDialog.check')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
