import { Modal, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Suspense } from 'react'
import { meQuery } from '../api/queries'
import type { Report } from '../api/reports'
import { lazyPart } from '../parts/lazyPage'
import type { Source } from './ReportForm'

const NewReport = lazyPart(() => import('./ReportForm').then((m) => ({ default: m.NewReport })))

/** Whether the person may make reports. */
export function useMayMakeReports(): boolean {
  return useQuery(meQuery).data?.permissions.includes('reports.write') ?? false
}

interface Props {
  /** What it is of; without one it is chosen in the form. */
  source?: Source
  title: string
  /** What the closing button is called. */
  close: string
  opened: boolean
  onClose: () => void
  /** Without it the dialog says what was made. */
  onMade?: (report: Report) => void
}

/** The form of a report; its code comes when it is opened. */
export function ReportDialog({ source, title, close, opened, onClose, onMade }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} size="lg" title={title} closeButtonProps={{ 'aria-label': close }}>
      {opened && <Suspense fallback={<Skeleton h={280} />}><NewReport source={source} onDone={onMade} /></Suspense>}
    </Modal>
  )
}
