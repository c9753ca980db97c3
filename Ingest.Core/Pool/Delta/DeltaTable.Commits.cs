using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>How a commit is carried through: the I/O and the clock around <see cref="CommitAttempt"/>.</summary>
public sealed partial class DeltaTable
{
    /// <summary>
    /// Longest time between reading the log and a put. Create-if-absent forgets once old entries are cleaned away: a writer that slept through that
    /// could create a version that already lived. Far below any retention of a log, far above any put.
    /// </summary>
    private static readonly TimeSpan s_putDeadline = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Oldest files that an entry may name: nothing names them before, so vacuum deletes them after a week at the earliest. A commit may take as long as the store refuses, or the process is
    /// stopped; then it is given up, and its records are read again.
    /// </summary>
    private static readonly TimeSpan s_filesAgeMax = TimeSpan.FromDays(2);

    /// <summary>Carries one commit through, whatever the store answers, until its outcome is known.</summary>
    /// <exception cref="OperationCanceledException">The outcome is not known: the entry may stand in the log, or appear there later. Delete nothing.</exception>
    /// <exception cref="StoreException">As above; a store that repeats what fails does not throw here.</exception>
    public async ValueTask<CommitOutcome> CommitAsync(CommitRequest request, Func<TopicPartition, string> appIdOf, CancellationToken cancellation)
    {
        try
        {
            return await DriveAsync(request, appIdOf, cancellation);
        }
        catch (TableRefusedException gone)
        {
            return new CommitOutcome.Stopped(gone.Message);
        }
    }

    private async ValueTask<CommitOutcome> DriveAsync(CommitRequest request, Func<TopicPartition, string> appIdOf, CancellationToken cancellation)
    {
        var attempt = new CommitAttempt(request, Opened, appIdOf, _spec.CheckpointInterval);
        var readAt = Since.Now(_time);
        var command = attempt.Start();
        while (true)
        {
            switch (command)
            {
                case CommitCommand.ReadLog:
                    var own = await ReadNewAsync(attempt.TransactionText, cancellation);
                    readAt = Since.Now(_time);
                    command = attempt.LogRead(_current, own, _time.GetUtcNow().ToUnixTimeMilliseconds());
                    if (command is CommitCommand.Put && request.FilesSince?.Elapsed(_time) > s_filesAgeMax) return new CommitOutcome.Fenced($"its files have been waiting for more than {s_filesAgeMax.TotalDays:0} days, and may be deleted as nobody's");
                    break;
                case CommitCommand.Put put:
                    var left = s_putDeadline - readAt.Elapsed(_time);
                    command = left > TimeSpan.Zero ? await PutAsync(attempt, put, left, cancellation) : attempt.Overdue();
                    break;
                case CommitCommand.ReadBack readBack:
                    command = await LogReader.ReadEntryAsync(_store, readBack.Version, cancellation) is { } found
                        ? attempt.ReadBackFound(found.TransactionId)
                        : attempt.ReadBackMissing();
                    break;
                case CommitCommand.Done { Outcome: CommitOutcome.Committed committed } when await IsBelowTheLogAsync(committed.Version, readAt, cancellation):
                    command = attempt.Overdue();
                    break;
                case CommitCommand.Done done:
                    if (done.Outcome is CommitOutcome.Committed) await ReadNewAsync(null, cancellation);
                    return done.Outcome;
            }
        }
    }

    /// <summary>
    /// Whether an entry found in its slot counts for nothing: a process that is stopped between the deadline's check and the put may wake when the log was cleaned beyond the slot, and put
    /// its entry where no reader looks. It does count while the entry before it is there, for those are deleted in order; else the log is read again, and says.
    /// </summary>
    private async ValueTask<bool> IsBelowTheLogAsync(long version, Since readAt, CancellationToken cancellation) =>
        readAt.Elapsed(_time) > s_putDeadline && version > 0 && await _store.SizeAsync(LogNames.Entry(version - 1), cancellation) is null;

    /// <summary>A store that repeats what fails may take for ever, and a put must not: past its deadline it is given up, and the slot is read.</summary>
    private async ValueTask<CommitCommand> PutAsync(CommitAttempt attempt, CommitCommand.Put put, TimeSpan deadline, CancellationToken cancellation)
    {
#if MUTATIONS
        if (Mutation.Current == Bug.PublishesIndexBeforeRows && put.Entry.OfType<LogAction.Info>().FirstOrDefault() is { Content.Index: { } index } told && put.Version > 1)
        {
            await CreateEntryAsync(_store, put.Version, [new LogAction.Info(Info("INDEX") with { Index = index })], cancellation);
            put = put with { Version = put.Version + 1, Entry = [told with { Content = told.Content with { Index = null } }, .. put.Entry.Where(a => a is not LogAction.Info)] };
        }
#endif
        using var late = new CancellationTokenSource(deadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            return await _store.CreateAsync(LogNames.Entry(put.Version), LogJson.Write(put.Entry), either.Token) == CreateOutcome.Created
                ? attempt.PutCreated()
                : attempt.PutExists();
        }
        catch (StoreException unclear) when (unclear.Kind == StoreFault.Unknown)
        {
            return attempt.PutUnknown();
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return attempt.PutUnknown();
        }
    }
}
