namespace Ingest.Core.Flow.Runtime;

/// <summary>Lets so many in at a time, the others in the order in which they came. Goes on where its callers run, which the framework's semaphores do not.</summary>
internal sealed class Gate(int places)
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = [];
    private int _free = places;

    public Task EnterAsync()
    {
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            return turn.Task;
        }
    }

    public void Leave()
    {
        TaskCompletionSource? next;
        lock (_lock)
        {
            if (!_waiting.TryDequeue(out next)) _free++;
        }

        next?.SetResult();
    }
}
