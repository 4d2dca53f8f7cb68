export default {
  loading: 'Wird geladen',
  tryAgain: 'Noch einmal',
  close: 'Schließen',
  cancel: 'Abbrechen',
  save: 'Speichern',
  delete: 'Löschen',
  brokenPage: 'Auf dieser Seite ist etwas schiefgegangen. Laden Sie sie neu und versuchen Sie es noch einmal.',
  request: 'Anfrage {{id}}',
  planner: { builtin: 'dem eingebauten Planer (ohne Modell)', model: 'dem Modell', person: 'einer Person' },
}
