import { useTranslation } from 'react-i18next'

/** The frame as index.html draws it and in its styles: nothing moves when the page's code takes over. */
export function Frame() {
  const { t } = useTranslation()
  return (
    <div className="frame" role="status" aria-label={t('loading')}>
      <div className="frame-side">DataMind<i style={{ height: 36, marginTop: 13 }} /><i style={{ height: 30, marginTop: 10 }} /><i style={{ height: 190, marginTop: 10, opacity: 0.4 }} /></div>
      <div className="frame-main"><div><i style={{ height: 34, width: '60%' }} /><i style={{ height: 42 }} /><i style={{ height: 72, opacity: 0.6 }} /></div></div>
    </div>
  )
}
