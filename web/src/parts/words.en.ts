export default {
  loading: 'Loading',
  tryAgain: 'Try again',
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  delete: 'Delete',
  brokenPage: 'Something went wrong on this page. Reload it and try again.',
  request: 'request {{id}}',
  planner: { builtin: 'the built-in planner (no model)', model: 'the model', person: 'a person' },
} as const
