using System.Collections.Concurrent;

namespace Interop;

/// <summary>Named gates: closed until somebody opens them, and open from then on.</summary>
public sealed class Gates
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();

    public Task Wait(string name) => Find(name).Task;

    public void Open(string name) => Find(name).TrySetResult();

    private TaskCompletionSource Find(string name) =>
        _gates.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
