using System.Globalization;
using System.Text;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// Who does a table's housekeeping: objects put-if-absent with rising rounds; the newest one's maker has the lease for a term. It only saves work: two holders
/// at once, or none for a while, harm nothing, for every step of sealing and cleaning is safe beside another. Owned by one task.
/// </summary>
public sealed class SealLease(IObjectStore table, Guid holder, TimeProvider time, TimeSpan term)
{
    private const string Prefix = SealPlan.Folder + "lease-";

    private long _round = -1;
    private long _seenAt;
    private bool _isOurs;

    /// <summary>Whether it was ours when we last looked.</summary>
    public bool IsHeld => Volatile.Read(ref _isOurs);

    /// <summary>It was not renewed for so long that another may have taken it.</summary>
    public bool HasEnded => !_isOurs || time.GetElapsedTime(_seenAt) >= term;

    /// <summary>Takes the lease, or keeps it; false while another has it.</summary>
    public async ValueTask<bool> TryHoldAsync(CancellationToken cancellation)
    {
        if (_isOurs && time.GetElapsedTime(_seenAt) < term / 3) return true;
        var (round, isOld) = await NewestAsync(cancellation);
        if (round != _round && round >= 0)
        {
            // Another's; how long it has been there only the store's clock can say, and that decides nothing but who works.
            (_round, _seenAt, _isOurs) = (round, time.GetTimestamp(), false);
            if (!isOld) return false;
        }

        if (!_isOurs && round >= 0 && !isOld && time.GetElapsedTime(_seenAt) < term) return false;
        return await CreateAsync(Math.Max(round, _round) + 1, cancellation);
    }

    /// <summary>Lets another have it at once.</summary>
    public async ValueTask ReleaseAsync(CancellationToken cancellation)
    {
        if (!_isOurs) return;
        _isOurs = false;
        await table.DeleteAsync(Name(_round), cancellation);
    }

    private async ValueTask<bool> CreateAsync(long round, CancellationToken cancellation)
    {
        var content = Encoding.UTF8.GetBytes($"{holder:N}\n");
        if (await table.CreateUniqueAsync(Name(round), content, cancellation) != CreateOutcome.Created) return false;
        if (_round >= 0) await table.DeleteAsync(Name(_round), cancellation);
        (_round, _seenAt, _isOurs) = (round, time.GetTimestamp(), true);
        return true;
    }

    private async ValueTask<(long Round, bool IsOld)> NewestAsync(CancellationToken cancellation)
    {
        (long, bool) newest = (-1, true);
        await foreach (var found in table.ListAsync(Prefix, null, cancellation))
        {
            if (long.TryParse(found.Name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var round)) newest = (round, time.GetUtcNow() - found.ModifiedAt > term);
        }

        return newest;
    }

    private static string Name(long round) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{round:D20}");
}
