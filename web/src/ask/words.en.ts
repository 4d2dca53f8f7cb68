export default {
  title: 'What would you like to know?',
  box: 'Your question',
  placeholder: 'Ask in plain words, e.g. revenue by month this year',
  followUp: 'Ask a follow-up',
  ask: 'Ask',
  database: 'Database',
  answeredBy: 'Answered by {{planner}}',
  startWith: 'Questions to start with',
  connectOwn: '<page>Connect your own database</page> to ask about your company’s data.',
  connectFirst: 'Connect a database first',
  whatItDoes: 'DataMind answers questions about data that you already have. It only ever reads it.',
  connect: 'Connect a database',
} as const
