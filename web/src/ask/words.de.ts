export default {
  title: 'Was möchten Sie wissen?',
  box: 'Ihre Frage',
  placeholder: 'Fragen Sie in eigenen Worten, z. B. Umsatz je Monat in diesem Jahr',
  followUp: 'Nachfragen',
  ask: 'Fragen',
  database: 'Datenbank',
  answeredBy: 'Beantwortet von {{planner}}',
  startWith: 'Fragen für den Anfang',
  connectOwn: '<link>Verbinden Sie Ihre eigene Datenbank</link>, um nach den Daten Ihrer Firma zu fragen.',
  connectFirst: 'Verbinden Sie zuerst eine Datenbank',
  whatItDoes: 'DataMind beantwortet Fragen zu Daten, die Sie schon haben. Es liest sie nur.',
  connect: 'Datenbank verbinden',
}
