/** Loads the page of answers: somebody is about to ask. */
export const loadConversation = () => import('./Conversation')
