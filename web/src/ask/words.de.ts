export default {
  title: 'Was möchten Sie wissen?',
  box: 'Ihre Frage',
  placeholder: 'Fragen Sie in eigenen Worten, z. B. Umsatz je Monat in diesem Jahr',
  followUp: 'Nachfragen',
  ask: 'Fragen',
  database: 'Datenbank',
  answeredBy: 'Beantwortet von {{planner}}',
  startWith: 'Fragen für den Anfang',
  connectOwn: '<page>Verbinden Sie Ihre eigene Datenbank</page>, um nach den Daten Ihrer Firma zu fragen.',
  connectFirst: 'Verbinden Sie zuerst eine Datenbank',
  whatItDoes: 'DataMind beantwortet Fragen zu Daten, die Sie schon haben. Es liest sie nur.',
  connect: 'Datenbank verbinden',
}
