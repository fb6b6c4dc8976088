/** What an error of the hub says, without the words that the wire puts in front. */
export function reasonOf(error) {
  return error.message.replace(/^.*?Hub(?:Exception|Error): /s, '');
}

/** Whether it was the hub that said no. All other errors are the connection's, which tells of them itself. */
export function isRefusal(error) {
  return /^(?:An unexpected error occurred invoking|Failed to invoke) '/.test(error.message);
}
