namespace Ingest.Core.Stores;

/// <summary>What the answers of one kind of object service, or their absence, allow a caller to do next; and requests that are made by it.</summary>
internal sealed record ServiceFaults
{
    /// <summary>Whether this is the network's or the service's failure, rather than a bug or a cancellation.</summary>
    public required Predicate<Exception> IsOne { get; init; }

    /// <summary>There is no such object, in a place that there is.</summary>
    public required Predicate<Exception> IsMissing { get; init; }

    /// <summary>The condition of a create was not met.</summary>
    public required Predicate<Exception> IsTaken { get; init; }

    /// <summary>Its kind; the second argument is what no answer, or one that tells nothing, means.</summary>
    public required Func<Exception, StoreFault, StoreFault> Kind { get; init; }

    public required Func<Exception, string> Reason { get; init; }

    /// <summary>What the operator should do where the service refuses.</summary>
    public required Func<Exception, string> WhenDenied { get; init; }

    /// <summary>One request; default when there is no such object.</summary>
    /// <param name="silence">What no answer means here: Unknown for a write, Transient for a read.</param>
    public async ValueTask<T?> AskAsync<T>(string doing, string where, StoreFault silence, Func<Task<T>> request)
    {
        try
        {
            return await request();
        }
        catch (Exception missing) when (IsMissing(missing))
        {
            return default;
        }
        catch (Exception failure) when (IsOne(failure))
        {
            throw From(doing, where, failure, silence);
        }
    }

    /// <summary>A create with its condition.</summary>
    public async ValueTask<CreateOutcome> CreateAsync(string where, Func<Task<CreateOutcome>> request)
    {
        try
        {
            return await request();
        }
        catch (Exception taken) when (IsTaken(taken))
        {
            return CreateOutcome.AlreadyExists;
        }
        catch (Exception failure) when (IsOne(failure))
        {
            throw From("create", where, failure, StoreFault.Unknown);
        }
    }

    public StoreException From(string doing, string where, Exception exception, StoreFault silence)
    {
        var kind = Kind(exception, silence);
        var remedy = kind switch
        {
            StoreFault.Denied => $" {WhenDenied(exception)}; it goes on by itself then.",
            StoreFault.Full => " Raise the quota; writing goes on by itself then.",
            _ => "",
        };
        var reason = Reason(exception).Trim();
        return new StoreException(kind, $"Cannot {doing} {where}: {reason}{(remedy.Length == 0 || reason.EndsWith('.') ? "" : ".")}{remedy}", exception);
    }
}
